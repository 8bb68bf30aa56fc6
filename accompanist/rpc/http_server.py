"""The HTTP server: one POST per call, and GET pages for health probes.

JSON-RPC errors have status 200; the status only concerns HTTP. A body must have the type `application/json`, because a
web page may send any other type across origins without a preflight, and this server listens where browsers run. For the
same reason (DNS rebinding), a server on the loopback interface only accepts loopback names in `Host`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from aiohttp import typedefs, web

from accompanist import limits
from accompanist.errors import PeerError
from accompanist.rpc import envelope
from accompanist.rpc.access import Token, calls_as, calls_from, user_of
from accompanist.rpc.address import is_loopback
from accompanist.rpc.dispatch import Dispatcher, RpcAnswer, failed, no_room, stopping, unsent
from accompanist.rpc.envelope import RpcError
from accompanist.rpc.listening import Listening
from accompanist.rpc.room import Room, Share
from accompanist.rpc.watch import Coming, ConnectionKind, Watch, WatchedConnection

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
        self._room = Room()
        self._lines: dict[asyncio.BaseTransport | None, WatchedConnection] = {}
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
            read_bufsize=limits.small_bytes,
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
        self._draining = True  # persistent connections may still send requests
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
        return _Watched(self._runner.server(), self._watch, self._lines)

    @web.middleware
    async def _attend(self, request: web.Request, handler: typedefs.Handler) -> web.StreamResponse:
        """Handle a request whose head has arrived; its body has its own timeout. It waits until the client has read the
        answers before it. A connection whose first request was not permitted is closed after it."""
        line = self._lines.get(request.transport)
        if line is None:
            return await handler(request)
        line.whole(self._watch.now())
        line.called()
        try:
            await line.readable.wait()
            response = await handler(request)
            if line.standing is ConnectionKind.STRANGER:
                response.force_close()
            return response
        finally:
            line.answered(self._watch.now())

    def _caller(self, request: web.Request) -> Token | None:
        """The caller's token; None if this server has no tokens. Raises PeerError."""
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
            return _json(503, envelope.write_error(None, stopping()))
        if (request.content_length or 0) > limits.message_bytes_max:
            return _too_large()  # its Content-Length is too large, so the body is not read
        line = self._lines.get(request.transport)
        if line is None or not self._watch.is_now(line, ConnectionKind.KNOWN):
            return _no_room()
        return await self._called(request, line, caller)

    async def _called(self, request: web.Request, line: WatchedConnection, caller: Token | None) -> web.StreamResponse:
        owner = None if caller is None else caller.name
        with _Held() as held:
            try:
                body = await self._body(request, owner, held)
            except TimeoutError:
                return web.Response(status=408)
            except _NoRoom:
                return _no_room()
            if body is None:
                return _too_large()
            # a task of its own, so that a caller that disconnects does not cancel a transaction
            user = user_of(request.transport) if request.transport is not None else None
            task = asyncio.get_running_loop().create_task(self._answer(body, caller, user))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            del body
            answer = await asyncio.shield(task)
        return await self._say(request, line, answer, owner)

    async def _body(self, request: web.Request, owner: str | None, held: _Held) -> bytes | None:
        """Read the request's body; None if it is too large. Raises TimeoutError if it does not arrive in time, _NoRoom
        if there is no room in memory for it."""
        length = request.content_length
        if length is not None and length > limits.small_bytes:
            held.share = await self._share(length, owner)
        coming = Coming(self._watch.now(), self._watch.now())
        pieces: list[bytes] = []
        while True:
            async with asyncio.timeout(coming.due - self._watch.now()):
                piece = await request.content.readany()
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            coming.more(len(piece), self._watch.now())
            if coming.size > limits.message_bytes_max:
                return None
            if held.share is None and coming.size > limits.small_bytes:  # it had no Content-Length
                held.share = await self._share(limits.message_bytes_max, owner)

    async def _share(self, size: int, owner: str | None) -> Share:
        try:
            async with asyncio.timeout(limits.room_wait_ms / 1000):
                return await self._room.wait(size, owner)
        except TimeoutError:
            raise _NoRoom from None

    async def _say(
        self, request: web.Request, line: WatchedConnection, answer: RpcAnswer, owner: str | None
    ) -> web.StreamResponse:
        said = answer.body
        if said is None:
            response = web.Response(status=204)
        elif len(said) <= limits.small_bytes:
            response = _json(403 if answer.forbidden else 200, said)
        elif (share := self._room.take(len(said), owner)) is None:
            response = _json(200, unsent(answer.id))
        else:
            with _Held(share):
                response = _json(200, said)
                await response.prepare(request)
                await response.write_eof()
                await line.readable.wait()
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

    async def _answer(self, body: bytes, caller: Token | None, user: int | None) -> RpcAnswer:
        async with self._places:
            calls_from(user)
            if caller is not None:
                calls_as(caller.name)
            return await self._dispatcher.answer(body, caller)

    def _page_route(self, page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def show(request: web.Request) -> web.StreamResponse:
            if not self._is_addressed(request):
                return _misdirected()
            line = self._lines.get(request.transport)
            if line is not None and not self._watch.is_now(line, ConnectionKind.PROBE):
                return _no_room()
            return _json(*await page())

        return show


class _NoRoom(Exception):
    """There is no room in memory for a body now."""


class _Held:
    """Holds a share of the room, if there is one, and gives it back at the end."""

    def __init__(self, share: Share | None = None) -> None:
        self.share = share

    def __enter__(self) -> _Held:
        return self

    def __exit__(self, *_: object) -> None:
        if self.share is not None:
            self.share.give_back()


class _Watched(asyncio.Protocol):
    """Wraps aiohttp's protocol of a connection, and reports its activity to the watch."""

    def __init__(
        self, within: asyncio.Protocol, watch: Watch, lines: dict[asyncio.BaseTransport | None, WatchedConnection]
    ) -> None:
        self._within = within
        self._watch = watch
        self._lines = lines
        self._line: WatchedConnection | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        line = self._line = self._watch.add(self._transport.abort)
        if line is None:
            self._transport.abort()  # one connection too many
            return
        self._lines[transport] = line
        self._within.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._line is None:
            return
        if not self._line.calls:
            self._line.came(len(data), self._watch.now())
        self._within.data_received(data)

    def eof_received(self) -> bool | None:
        return self._within.eof_received() if self._line is not None else None

    def pause_writing(self) -> None:
        if self._line is not None:
            self._line.choked(True, self._watch.now())
            self._within.pause_writing()

    def resume_writing(self) -> None:
        if self._line is not None:
            self._line.choked(False, self._watch.now())
            self._within.resume_writing()

    def connection_lost(self, problem: Exception | None) -> None:
        if self._line is None:
            return
        self._watch.remove(self._line)
        self._lines.pop(self._transport, None)
        self._within.connection_lost(problem)


def _misdirected() -> web.Response:
    return web.Response(status=421, text="not a name of this server\n")


def _too_large() -> web.Response:
    text = f"the limit is {limits.message_bytes_max} bytes"
    return _json(413, envelope.write_error(None, RpcError(envelope.INVALID_REQUEST, "too large", text)))


def _no_room() -> web.Response:
    """The response if there is no room now: nothing was done, and the caller should retry."""
    response = _json(503, envelope.write_error(None, no_room()))
    response.headers["Retry-After"] = str(limits.end_s)
    return response


def _json(status: int, body: bytes) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")
