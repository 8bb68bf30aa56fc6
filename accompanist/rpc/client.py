"""Calling a worker: one interface, the transport chosen by the worker's URL.

A client never raises for what a worker does or fails to do; it answers (`runtime.answers`). It does not retry: when to
ask again is the session core's decision, under the same key. It opens connections when they are needed and again after
they broke, and bounds the calls under way. A call that waits for its turn has not begun: its time runs from then on,
since a worker that has much to do has failed at nothing.
"""

from __future__ import annotations

from typing import Protocol

from accompanist import limits
from accompanist.rpc import address
from accompanist.runtime.answers import Answer


class WorkerClient(Protocol):
    """A worker that can be called."""

    @property
    def url(self) -> str: ...

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        """Ask for `method`. `arguments` is the canonical JSON object by parameter name, `meta` the JSON object for
        `params._meta`; both travel as they are. Answers within `timeout_ms` of its turn; raises nothing but
        cancellation."""
        ...

    async def close(self) -> None:
        """Close the connections. Calls under way are answered with a Fault."""
        ...


def connect(
    url: str, *, allow_remote: bool = False, calls_in_flight_max: int = limits.calls_in_flight_max, token: str = ""
) -> WorkerClient:
    """The client for the worker at this URL; over HTTP a `token` goes along. Nothing is opened yet. Raises
    OperatorError for a URL that is none."""
    from accompanist.rpc.http_client import HttpClient
    from accompanist.rpc.stream_client import StreamClient

    place = address.parse(url, allow_remote=allow_remote)
    if place.http:
        return HttpClient(place, calls_in_flight_max, token)
    return StreamClient(place, calls_in_flight_max)
