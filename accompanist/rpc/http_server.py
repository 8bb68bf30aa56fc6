"""Serving one POST a call, and the pages a prober asks for.

JSON-RPC errors are answered with status 200, as the protocol's own; the status speaks only of HTTP. A body has to be
declared `application/json`: a browser's page can send anything else across origins without asking first, and this
server listens where browsers run. For the same reason a server on the loopback interface answers to loopback names
only: a page whose own name was made to resolve to this machine says that name in `Host`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from aiohttp import typedefs, web

from accompanist import limits
from accompanist.errors import PeerError
from accompanist.rpc import envelope
from accompanist.rpc.access import Token, calls_as
from accompanist.rpc.address import is_loopback
from accompanist.rpc.envelope import RpcError
from accompanist.rpc.listening import Listening
from accompanist.rpc.server import Answered, Dispatcher, failed
from accompanist.rpc.watch import Line, Watch

Page = Callable[[], Awaitable[tuple[int, bytes]]]


class HttpServer:
    """The Server for `http:` and `http+unix:`."""

    def __init__(self, dispatcher: Dispatcher, listening: Listening, sent: Callable[[str], None] | None) -> None:
        self._dispatcher = dispatcher
        self._listening = listening
        self._sent = sent
        self._places = asyncio.Semaphore(dispatcher.calls_in_flight_max)
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None
        self._watch = Watch()
        self._lines: dict[asyncio.BaseTransport | None, Line] = {}
        self._draining = False
        self._under_way: set[asyncio.Task[object]] = set()
        self.url = listening.url

    @classmethod
    async def start(
        cls,
        dispatcher: Dispatcher,
        listening: Listening,
        pages: Mapping[str, Page],
        sent: Callable[[str], None] | None,
    ) -> HttpServer:
        server = cls(dispatcher, listening, sent)
        application = web.Application(client_max_size=limits.message_bytes_max, middlewares=(server._attend,))
        application.router.add_post(listening.address.target, server._post)
        for path, page in pages.items():
            application.router.add_get(path, server._page_route(page))
        server._runner = web.AppRunner(
            application,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=limits.end_s,
            lingering_time=limits.end_s,
        )
        await server._runner.setup()
        loop = asyncio.get_running_loop()
        if listening.address.path:
            server._server = await loop.create_unix_server(server._accept, sock=listening.socket)
        else:
            server._server = await loop.create_server(server._accept, sock=listening.socket)
        return server

    async def stop(self, within_ms: int = limits.drain_ms) -> None:
        self._draining = True  # connections that are kept alive go on asking
        if self._server is not None:
            self._server.close()
        self._listening.remove()
        await self._watch.close()
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=within_ms / 1000)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=limits.end_s)
        if self._runner is not None:
            await self._runner.cleanup()

    def _accept(self) -> asyncio.Protocol:
        assert self._runner is not None and self._runner.server is not None
        return _Refused() if self._watch.full else _Watched(self._runner.server(), self._watch, self._lines)

    @web.middleware
    async def _attend(self, request: web.Request, handler: typedefs.Handler) -> web.StreamResponse:
        """From here on the request's time is its own: it has a head, and its body has a time-out."""
        line = self._lines.get(request.transport)
        if line is None:
            return await handler(request)
        line.whole(self._watch.now())
        line.called()
        try:
            return await handler(request)
        finally:
            line.answered(self._watch.now())

    def _caller(self, request: web.Request) -> Token | None:
        """Who asks; None where this server knows no tokens. Raises PeerError."""
        if self._dispatcher.access is None:
            return None
        said = request.headers.get("Authorization", "")
        return self._dispatcher.access.caller(said.encode("utf-8", "surrogateescape"))

    async def _post(self, request: web.Request) -> web.StreamResponse:
        if not self._is_addressed(request):
            return _misdirected()
        try:
            caller = self._caller(request)
        except PeerError as problem:
            refused = _json(401, envelope.write_error(None, failed(problem)))
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        if request.content_type != "application/json":
            return web.Response(status=415, text="send application/json\n")
        if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            return web.Response(status=415, text="send it as it is, not compressed\n")
        if self._draining:
            return _json(
                503, envelope.write_error(None, RpcError(envelope.RETRY_LATER, "retry later", "shutting_down"))
            )
        if (request.content_length or 0) > limits.message_bytes_max:
            return _too_large()  # it says so itself: nothing of it need come
        try:
            async with asyncio.timeout(limits.body_ms / 1000):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        except web.HTTPRequestEntityTooLarge:
            return _too_large()
        # a task of its own: a caller that hangs up must not cut a transaction short
        task = asyncio.get_running_loop().create_task(self._answer(body, caller))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        answer = await asyncio.shield(task)
        status = 403 if answer.forbidden else 200
        response = _json(status, answer.body) if answer.body is not None else web.Response(status=204)
        if self._sent is not None:
            await response.prepare(request)
            await response.write_eof()
            self._sent(answer.method)
        return response

    def _is_addressed(self, request: web.Request) -> bool:
        ours = self._listening.address.host
        if not ours or not is_loopback(ours):
            return True
        try:
            return is_loopback(request.url.host or "")
        except ValueError:
            return False

    async def _answer(self, body: bytes, caller: Token | None) -> Answered:
        async with self._places:
            if caller is not None:
                calls_as(caller.name)
            return await self._dispatcher.answer(body, caller)

    def _page_route(self, page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def show(request: web.Request) -> web.StreamResponse:
            return _json(*await page()) if self._is_addressed(request) else _misdirected()

        return show


class _Watched(asyncio.Protocol):
    """A connection on its way to the HTTP protocol, noting its times."""

    def __init__(self, within: asyncio.Protocol, watch: Watch, lines: dict[asyncio.BaseTransport | None, Line]) -> None:
        self._within = within
        self._watch = watch
        self._lines = lines

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._line = self._lines[transport] = self._watch.add(self._transport.abort)
        self._within.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if not self._line.calls:
            self._line.began(self._watch.now())
        self._within.data_received(data)

    def eof_received(self) -> bool | None:
        return self._within.eof_received()

    def pause_writing(self) -> None:
        self._line.choked(True, self._watch.now())
        self._within.pause_writing()

    def resume_writing(self) -> None:
        self._line.choked(False, self._watch.now())
        self._within.resume_writing()

    def connection_lost(self, problem: Exception | None) -> None:
        self._watch.remove(self._line)
        self._lines.pop(self._transport, None)
        self._within.connection_lost(problem)


class _Refused(asyncio.Protocol):
    """One connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).abort()


def _misdirected() -> web.Response:
    return web.Response(status=421, text="not a name of this server\n")


def _too_large() -> web.Response:
    text = f"the limit is {limits.message_bytes_max} bytes"
    return _json(413, envelope.write_error(None, RpcError(envelope.INVALID_REQUEST, "too large", text)))


def _json(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")
