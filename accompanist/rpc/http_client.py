"""The HTTP client of workers: one POST per call, over persistent connections.

The body decides, not the status: a worker may send a JSON-RPC error with status 200 or 500. Only if the body is no
JSON-RPC answer does the status count. The context of a call is sent in the body and again as headers, for servers that
expect an idempotency key or a trace there.

The worker is not trusted: no redirects, no cookies, no proxies from the environment, no compression (a small body may
decompress to a huge one). A call that is lost because the worker closed an idle connection is a Fault like any other;
the caller decides about a retry. If a call could not be sent, or its connection was reset with the request unread, the
Fault says that the worker is `away`.
"""

from __future__ import annotations

import asyncio
import errno
import re

import aiohttp
import msgspec

from accompanist import limits
from accompanist.rpc import envelope, meta
from accompanist.rpc.address import Address
from accompanist.rpc.late import Late, Left
from accompanist.rpc.room import Room, Share
from accompanist.rpc.strict import Malformed
from accompanist.rpc.turns import Turns
from accompanist.runtime.answers import Answer, Fault

_HEADER_VALUE = re.compile(r"[\x20-\x7e]{1,8192}")
_BASE_HEADERS = {"Content-Type": "application/json", "Accept": "application/json", "Accept-Encoding": "identity"}


class HttpClient:
    """The WorkerClient for `http:`, `https:` and `http+unix:`. `token` goes along with every call."""

    def __init__(
        self, address: Address, calls_in_flight_max: int = limits.calls_in_flight_max, token: str = ""
    ) -> None:
        self._address = address
        self._headers = _BASE_HEADERS | ({"Authorization": f"Bearer {token}"} if token else {})
        # late answers hold connections, which must not be taken from new calls
        self._connections_max = calls_in_flight_max + limits.late_answers_max + 1
        self._places = asyncio.Semaphore(calls_in_flight_max)
        self._room = Room()
        self._turns = Turns()
        self._session: aiohttp.ClientSession | None = None
        self._late: dict[asyncio.Task[Answer], None] = {}
        """Late answers that nobody waits for, oldest first."""
        self._last_id = 0
        self._closed = False
        host = "localhost" if address.path else f"{_bracketed(address.host)}:{address.port}"
        self._target = f"{'https' if address.tls else 'http'}://{host}{address.target}"

    @property
    def url(self) -> str:
        return self._address.url

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        return await self.call_open(method, arguments, meta, timeout_ms)

    async def call_open(
        self, method: str, arguments: bytes, meta: bytes, timeout_ms: int, left: Left | None = None
    ) -> Answer:
        """The same; `left` is told of a call that was sent and whose caller goes without an answer."""
        self._last_id += 1
        id = self._last_id
        body = envelope.write_request(id, method, arguments, meta)
        if len(body) > limits.message_bytes_max:
            return Fault(f"the call is larger than {limits.message_bytes_max} bytes", refused=True)
        try:
            async with self._places, asyncio.timeout(timeout_ms / 1000):
                return await self._ask(body, headers_of(meta), id, method, left)
        except TimeoutError:
            return Fault(f"no answer within {timeout_ms} ms")
        except (aiohttp.ClientError, OSError) as problem:
            text, away = f"no answer from the worker ({type(problem).__name__})", _unread(problem)
            if left is not None and not away:
                left(None)
            return Fault(text, silent=True, away=away)

    async def _ask(self, body: bytes, headers: dict[str, str], id: int, method: str, left: Left | None) -> Answer:
        if left is None:
            return await self._post(body, headers, id, method)
        posting = asyncio.create_task(self._post(body, headers, id, method))
        try:
            return await asyncio.shield(posting)
        except asyncio.CancelledError:
            left(self._kept_open(posting))
            raise

    def _kept_open(self, posting: asyncio.Task[Answer]) -> Late:
        """The answer that may still come. Its time and the number of such answers are bounded, because each holds a
        connection."""

        async def answer() -> Answer:
            try:
                async with asyncio.timeout(limits.late_answer_ms / 1000):
                    return await posting
            except (aiohttp.ClientError, OSError) as problem:
                return Fault(f"no answer from the worker ({type(problem).__name__})", silent=True)

        late = asyncio.create_task(answer())
        self._late[late] = None
        late.add_done_callback(lambda _: self._late.pop(late, None))
        if len(self._late) > limits.late_answers_max:
            next(iter(self._late)).cancel()
        return late

    async def close(self) -> None:
        self._closed = True
        for late in list(self._late):
            late.cancel()
        if self._session is not None:
            await self._session.close()

    async def _post(self, body: bytes, headers: dict[str, str], id: int, method: str) -> Answer:
        if self._closed:
            raise ConnectionAbortedError("the client was closed")
        if self._session is None:
            self._session = self._new_session()
        share: Share | None = None
        answer = bytearray()
        try:
            async with self._session.post(
                self._target, data=body, headers=self._headers | headers, allow_redirects=False
            ) as response:
                async for chunk in response.content.iter_any():
                    answer += chunk
                    if len(answer) > limits.message_bytes_max:
                        response.close()
                        break
                    if share is None and len(answer) > limits.small_bytes:  # wait for room before reading on
                        share = await self._room.wait(limits.message_bytes_max)
            async with self._turns.turn(len(answer)):
                return _meaning(response.status, bytes(answer), id, method)
        finally:
            if share is not None:
                share.give_back()

    def _new_session(self) -> aiohttp.ClientSession:
        connector: aiohttp.BaseConnector
        if self._address.path:
            connector = aiohttp.UnixConnector(self._address.path, limit=self._connections_max)
        else:
            connector = aiohttp.TCPConnector(limit=self._connections_max)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),  # the call's own time bounds it
            auto_decompress=False,
            read_bufsize=limits.small_bytes,
            trust_env=False,
        )


def _unread(problem: Exception) -> bool:
    """Whether the worker has certainly not read the call: there was no connection, or it was reset with the request
    unread. A connection that was closed normally may have been closed after the request."""
    reset = isinstance(problem, OSError) and problem.errno in (errno.ECONNRESET, errno.EPIPE)
    return reset or isinstance(problem, aiohttp.ClientConnectorError | aiohttp.ClientConnectionResetError)


def headers_of(data: bytes) -> dict[str, str]:
    """The context of a call as HTTP headers. Invalid header values are left out; the body has them, too."""
    try:
        context = meta.read(data)
    except msgspec.DecodeError:
        return {}
    found = {
        "Idempotency-Key": context.idempotency_key,
        "traceparent": context.traceparent,
        "tracestate": context.tracestate,
        "baggage": context.baggage,
    }
    return {name: value for name, value in found.items() if value and _HEADER_VALUE.fullmatch(value)}


def _meaning(status: int, body: bytes, id: int, method: str) -> Answer:
    if len(body) > limits.message_bytes_max:
        return Fault(f"an answer larger than {limits.message_bytes_max} bytes")
    try:
        said = envelope.read_answer(body)
    except Malformed as problem:
        if status != 200:
            return Fault(f"the worker answered HTTP status {status}")
        return Fault(f"the worker answered nonsense: {problem.text}")
    if said is None:
        return Fault("the worker answered with a request")
    answered, answer = said
    if isinstance(answer, Fault):
        return answer
    if answered != id:
        return Fault("the worker answered under another id")
    return envelope.told(method, answer)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
