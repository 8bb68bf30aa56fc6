"""A connection with Content-Length framing, for client and server.

Frames queued in one turn of the event loop are sent in one write. Backpressure goes both ways: `writable` waits while
the peer does not read, and `pause_reading` slows down a peer that sends faster than we work. A large body is only read
once there is room in memory for it (`rpc.room`). A stream that loses its framing is aborted; frames before that count.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from accompanist import limits
from accompanist.rpc.framing import Decoder, Oversized, frame
from accompanist.rpc.room import Room, Share
from accompanist.rpc.strict import Malformed


class Connection(asyncio.Protocol):
    """A framed connection. Calls `on_body` for each body, and `on_lost` once, with the reason as text."""

    def __init__(
        self,
        on_body: Callable[[Connection, bytes | Oversized], None],
        on_lost: Callable[[Connection, str], None],
        room: Room,
        body_bytes_max: int = limits.message_bytes_max,
    ) -> None:
        self._room = room
        self._share: Share | None = None
        """The share of the room for the body that is arriving."""
        self._paused = False
        self._reading = True
        self._on_body = on_body
        self._on_lost = on_lost
        self._decoder = Decoder(body_bytes_max)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._outgoing: list[bytes] = []
        self._sent: list[Callable[[], None]] = []
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._broken = ""
        self._refused = False
        self.lost = False
        self.reset = False
        """Whether the connection was reset, so that the peer has not fully read the last frame sent."""
        self.chunks_heard = 0
        self.on_write_pressure: Callable[[bool], None] | None = None
        self.on_chunk: Callable[[int], None] | None = None
        """Called after each chunk that ends within a frame, with the chunk's size."""

    # -- asyncio calls these -----------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self._refused:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self.chunks_heard += 1
        try:
            for body in self._decoder.feed(data):
                self._on_body(self, body)
                self.claim_share(give_back=True)
        except Malformed as problem:
            self._broken = f"what came is not framed: {problem.text}"
            self.abort()
            return
        if self._share is None and self._decoder.expected > limits.small_bytes:
            self._share = self._room.ask(self._decoder.expected, self._granted)
            self._read_or_wait()
        if self.on_chunk is not None and self._decoder.midway:
            self.on_chunk(len(data))

    def eof_received(self) -> bool | None:
        if self._decoder.midway:
            self._broken = "the connection ended within a frame"
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self.claim_share(give_back=True)
        self.reset = isinstance(exc, ConnectionResetError | BrokenPipeError)
        self._may_write.set()
        ended = "the connection was closed" if exc is None else f"the connection broke ({type(exc).__name__})"
        self._on_lost(self, self._broken or ended)

    def pause_writing(self) -> None:
        self._may_write.clear()
        if self.on_write_pressure is not None:
            self.on_write_pressure(True)

    def resume_writing(self) -> None:
        self._may_write.set()
        if self.on_write_pressure is not None:
            self.on_write_pressure(False)

    # -- we call these -----------------------------------------------------------------------------

    async def writable(self) -> None:
        """Wait until the peer reads again. Raises ConnectionError if the connection is lost."""
        if not self._may_write.is_set():
            await self._may_write.wait()
        if self.lost:
            raise ConnectionResetError("the connection was closed")

    def send(self, body: bytes, sent: Callable[[], None] | None = None) -> None:
        """Queue a body for this turn's write. `sent` is called once the kernel has accepted it."""
        if not self._outgoing:
            self._loop.call_soon(self.flush)
        self._outgoing.append(frame(body))
        if sent is not None:
            self._sent.append(sent)

    def flush(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        sent, self._sent = self._sent, []
        if not outgoing or self.lost or self._transport is None:
            return
        # not writelines: in CPython 3.12.0 to 3.12.8, 3.13.0 and 3.13.1 it never calls pause_writing
        self._transport.write(b"".join(outgoing))
        for call in sent:
            # one turn later, because uvloop writes after this turn's callbacks
            self._loop.call_soon(call)

    @property
    def unread(self) -> int:
        """The bytes that were written and that the kernel has not accepted."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    @property
    def cramped(self) -> bool:
        """Whether it is not read because it waits for room."""
        return self._share is not None and not self._share.held

    def claim_share(self, give_back: bool = False) -> Share | None:
        """Take over the share of the room of the present body. The caller must give it back."""
        share, self._share = self._share, None
        if share is not None and give_back:
            share.give_back()
        return share

    def pause_reading(self) -> None:
        self._paused = True
        self._read_or_wait()

    def resume_reading(self) -> None:
        self._paused = False
        self._read_or_wait()

    @property
    def midway(self) -> bool:
        """Whether the stream stands within a frame."""
        return self._decoder.midway

    def _granted(self) -> None:
        self._read_or_wait()
        if self.on_chunk is not None:
            self.on_chunk(0)  # the peer's time starts now

    def _read_or_wait(self) -> None:
        read = not self._paused and not self.cramped
        if self._transport is None or self._transport.is_closing() or read == self._reading:
            return
        self._reading = read
        (self._transport.resume_reading if read else self._transport.pause_reading)()

    def refuse(self) -> None:
        """Abort the connection as soon as it is established."""
        self._refused = True

    def close(self) -> None:
        """Write what is queued, then close."""
        self.flush()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()
