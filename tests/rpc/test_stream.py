"""One connection: it notices back-pressure, whatever the event loop's transports do in `writelines`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from accompanist.rpc.framing import Oversized
from accompanist.rpc.room import Room
from accompanist.rpc.stream import Connection


class Unread(asyncio.Transport):
    """A transport that nobody reads. As in CPython 3.12.0 to 3.12.8, `writelines` says nothing of it."""

    def __init__(self, protocol: asyncio.Protocol) -> None:
        super().__init__()
        self._protocol = protocol
        self.unread = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.unread += len(data)
        self._protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.unread += sum(map(len, list_of_data))


async def test_pressure_does_not_depend_on_how_frames_are_handed_over() -> None:
    pressure: list[bool] = []
    connection = Connection(_ignored, lambda connection, reason: None, Room())
    connection.on_write_pressure = pressure.append
    transport = Unread(connection)
    connection.connection_made(transport)
    for _ in range(3):
        connection.send(b"{}")
    connection.flush()
    assert transport.unread == 3 * len(b"Content-Length: 2\r\n\r\n{}")
    assert pressure == [True]


def _ignored(connection: Connection, body: bytes | Oversized) -> None:
    raise AssertionError("nothing was received")
