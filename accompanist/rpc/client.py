"""The client of workers: one interface; the worker's URL chooses the transport.

A client never raises for what a worker does or fails to do; it returns an answer (`runtime.answers`). It does not
retry: the session core decides that, and uses the same idempotency key. It opens connections when they are needed,
opens them again when they break, and bounds the calls under way. A queued call has not begun: its timeout starts with
its turn, because a busy worker has not failed.
"""

from __future__ import annotations

from typing import Protocol

from accompanist import extras, limits
from accompanist.rpc import address
from accompanist.runtime.answers import Answer


class WorkerClient(Protocol):
    """A worker that can be called."""

    @property
    def url(self) -> str: ...

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        """Call `method`. `arguments` is the canonical JSON object by parameter name, `meta` the JSON object for
        `params._meta`; both are sent unchanged. Returns within `timeout_ms` of the call's turn. Raises only
        cancellation."""
        ...

    async def close(self) -> None:
        """Close the connections. Calls under way are answered with a Fault."""
        ...


def connect(
    url: str, *, allow_remote: bool = False, calls_in_flight_max: int = limits.calls_in_flight_max, token: str = ""
) -> WorkerClient:
    """The client for the worker at this URL. A `token` is sent over HTTP. No connection is opened yet. Raises
    OperatorError for an invalid URL, and if the URL is an HTTP one and its libraries are not installed."""
    from accompanist.rpc.stream_client import StreamClient

    place = address.parse(url, allow_remote=allow_remote)
    if place.http:
        extras.require("worker", f"a client of {url.partition(':')[0]}:")
        from accompanist.rpc.http_client import HttpClient  # imported here: a stream needs no aiohttp

        return HttpClient(place, calls_in_flight_max, token)
    return StreamClient(place, calls_in_flight_max)
