"""The stream client of workers: concurrent calls over one persistent connection, answers matched by id.

What can go wrong, and which calls fail:

    cannot connect                     this call; the worker is away and has not received it
    no answer in time                  this call; a late answer is dropped, unless the caller of `call_open` wants it
    connection closed or unframed      every call under way on it; the next call connects again
    connection reset                   likewise; the last call sent has certainly not been read in full
    an answer too large to read        the call whose id is in its first or last bytes
    malformed, or an unknown id        the only call under way; if there are several, the answer is dropped, because it
                                       cannot be attributed, and the right call times out

If a call times out and its connection was silent for all of that time, the connection may be dead (a paused process, a
lost route). It is retired: new calls use a new connection, calls under way may still be answered, and it is closed
after the last of them. So one slow call never fails its neighbours.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from accompanist import limits
from accompanist.rpc import envelope
from accompanist.rpc.address import Address
from accompanist.rpc.framing import Oversized
from accompanist.rpc.late import Late, Left
from accompanist.rpc.room import Room
from accompanist.rpc.stream import Connection
from accompanist.rpc.strict import Malformed
from accompanist.runtime.answers import Answer, Fault


@dataclass(slots=True)
class _Line:
    """A connection and the calls under way on it."""

    connection: Connection
    waiting: dict[int, tuple[str, Late]] = field(default_factory=dict)
    retired: bool = False
    newest: int = 0
    """The call that was sent last."""

    @property
    def usable(self) -> bool:
        return not self.retired and not self.connection.lost


class StreamClient:
    """The WorkerClient for `unix:` and `tcp:`."""

    def __init__(self, address: Address, calls_in_flight_max: int = limits.calls_in_flight_max) -> None:
        self._address = address
        self._places = asyncio.Semaphore(calls_in_flight_max)
        self._connecting = asyncio.Lock()
        self._room = Room()
        self._line: _Line | None = None
        self._lines: dict[Connection, _Line] = {}
        self._last_id = 0
        self._closed = False

    @property
    def url(self) -> str:
        return self._address.url

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        return await self.call_open(method, arguments, meta, timeout_ms)

    async def call_open(
        self, method: str, arguments: bytes, meta: bytes, timeout_ms: int, left: Left | None = None
    ) -> Answer:
        """The same; `left` is told of a call that was sent and whose caller goes without an answer."""
        if len(arguments) + len(meta) + len(method) > limits.message_bytes_max - 128:
            return Fault(f"the call is larger than {limits.message_bytes_max} bytes", refused=True)
        connecting = False
        try:
            async with self._places, asyncio.timeout(timeout_ms / 1000) as time_left:
                connecting = True
                line = await self._connected()
                connecting = False
                return await self._ask(line, time_left, method, arguments, meta, left)
        except TimeoutError:
            if connecting:
                return Fault(f"no connection to the worker within {timeout_ms} ms", silent=True, away=True)
            return Fault(f"no answer within {timeout_ms} ms")
        except OSError as problem:  # nothing was sent
            return Fault(f"no connection to the worker ({type(problem).__name__})", silent=True, away=True)

    async def close(self) -> None:
        self._closed = True
        for line in list(self._lines.values()):
            line.connection.abort()
            self._lost(line.connection, "the client was closed")

    async def _ask(
        self,
        line: _Line,
        time_left: asyncio.Timeout,
        method: str,
        arguments: bytes,
        meta: bytes,
        left: Left | None,
    ) -> Answer:
        await line.connection.writable()
        self._last_id += 1
        id = self._last_id
        answered: Late = asyncio.get_running_loop().create_future()
        line.waiting[id] = (method, answered)
        line.newest = id
        heard = line.connection.chunks_heard
        line.connection.send(envelope.write_request(id, method, arguments, meta))
        try:
            answer = await answered
        except asyncio.CancelledError:
            if time_left.expired() and line.connection.chunks_heard == heard:
                line.retired = True
            if left is not None and not line.connection.lost:
                left(self._kept_open(line, id, method))
            elif left is not None:
                left(None)
            raise
        finally:
            self._let_go(line, id, answered)
        if left is not None and isinstance(answer, Fault) and answer.silent and not answer.away:
            left(None)
        return answer

    def _kept_open(self, line: _Line, id: int, method: str) -> Late:
        """The answer that may still come, for a bounded time."""
        loop = asyncio.get_running_loop()
        late: Late = loop.create_future()
        line.waiting[id] = (method, late)
        patience = loop.call_later(limits.late_answer_ms / 1000, late.cancel)

        def ended(_: Late) -> None:
            patience.cancel()
            self._let_go(line, id, late)

        late.add_done_callback(ended)
        return late

    def _let_go(self, line: _Line, id: int, answered: Late) -> None:
        if id in line.waiting and line.waiting[id][1] is answered:
            del line.waiting[id]
        if line.retired and not line.waiting:
            line.connection.abort()  # a normal close would wait for a peer that may never read again

    async def _connected(self) -> _Line:
        if self._line is not None and self._line.usable:
            return self._line
        async with self._connecting:
            if self._closed:
                raise ConnectionAbortedError("the client was closed")
            if self._line is None or not self._line.usable:
                self._line = await self._open()
            return self._line

    async def _open(self) -> _Line:
        loop = asyncio.get_running_loop()

        def protocol() -> Connection:
            return Connection(self._received, self._lost, self._room)

        if self._address.path:
            _, connection = await loop.create_unix_connection(protocol, self._address.path)
        else:
            _, connection = await loop.create_connection(protocol, self._address.host, self._address.port)
        if self._closed:
            connection.abort()
            raise ConnectionAbortedError("the client was closed")
        line = _Line(connection)
        self._lines[connection] = line
        return line

    def _received(self, connection: Connection, body: bytes | Oversized) -> None:
        line = self._lines.get(connection)
        if line is None:
            return
        if isinstance(body, Oversized):
            text = f"an answer of {body.length} bytes, the limit is {limits.message_bytes_max}"
            self._answer(line, envelope.id_at_edge(body.head, body.tail), Fault(text))
            return
        try:
            said = envelope.read_answer(body)
        except Malformed as problem:
            self._answer(line, None, Fault(f"the worker answered nonsense: {problem.text}"))
            return
        if said is not None:
            self._answer(line, *said)

    def _answer(self, line: _Line, id: envelope.Id, answer: Answer) -> None:
        if isinstance(id, int) and id in line.waiting:
            method, answered = line.waiting.pop(id)
        elif isinstance(id, int) and 0 < id <= self._last_id:
            return  # a late answer: its caller has given up
        elif len(line.waiting) == 1:
            _, (method, answered) = line.waiting.popitem()
            answer = answer if isinstance(answer, Fault) else Fault("the worker answered under another id")
        else:
            return
        if not answered.done():
            answered.set_result(envelope.told(method, answer))

    def _lost(self, connection: Connection, reason: str) -> None:
        line = self._lines.pop(connection, None)
        if line is None:
            return
        while line.waiting:
            id, (_, answered) = line.waiting.popitem()
            if not answered.done():
                unread = connection.reset and id == line.newest
                answered.set_result(Fault(reason, silent=True, away=unread))
