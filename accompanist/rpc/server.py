"""The JSON-RPC server: one function that starts it; the address chooses the transport.

Handlers under way are bounded. Beyond the bound a stream is not read and a POST waits: backpressure. `stop` accepts no
new call, lets those under way finish within a time, then cancels them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from accompanist import extras, limits
from accompanist.errors import OperatorError
from accompanist.rpc import address
from accompanist.rpc.access import Access
from accompanist.rpc.dispatch import Dispatcher, Handler
from accompanist.rpc.listening import listen


class Server(Protocol):
    """A server that listens."""

    @property
    def url(self) -> str: ...

    async def stop(self, within_ms: int = limits.drain_ms) -> None:
        """Accept no more calls, let those under way finish, then close."""
        ...


async def serve(
    handlers: Mapping[str, Handler],
    url: str,
    *,
    allow_remote: bool = False,
    calls_in_flight_max: int = limits.calls_in_flight_max,
    pages: Mapping[str, Callable[[], Awaitable[tuple[int, bytes]]]] | None = None,
    sent: Callable[[str], None] | None = None,
    access: Access | None = None,
) -> Server:
    """Listen at `url` and answer calls. `pages`: GET routes of an HTTP server, path to (status, JSON bytes), for health
    and readiness. `sent`: called with the method of each answer that was handed to the kernel. With `access`, an HTTP
    server only answers POSTs with a known token, within its rights. Raises OperatorError."""
    from accompanist.rpc.stream_server import StreamServer

    place = address.parse(url, allow_remote=allow_remote)
    if place.tls:
        text = f"{url!r} is to be called; what listens speaks plain HTTP, and TLS ends before it"
        raise OperatorError(address.BAD_URL, text)
    dispatcher = Dispatcher(handlers, calls_in_flight_max, access)
    if access is not None:
        access.check_declared(handlers)
        if not place.http:
            raise OperatorError(address.BAD_URL, f"{url!r} is no HTTP server's, and tokens come in HTTP's headers")
    if place.http:
        extras.require("worker", f"a server at {url.partition(':')[0]}:")
        from accompanist.rpc.http_server import HttpServer  # imported here: a stream needs no aiohttp
    listening = listen(place)
    if place.http:
        return await HttpServer.start(dispatcher, listening, pages or {}, sent)
    return await StreamServer.start(dispatcher, listening, sent)
