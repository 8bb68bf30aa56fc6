"""Sends raw bytes to a worker and receives its answers. Unlike `rpc.client`, it can send invalid requests.

`Stream` is one connection with Content-Length framing. `Http` is HTTP/1.1, one POST per body, on a connection that is
kept as long as the worker keeps it. Both return what arrives, and judge nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from accompanist.rpc.address import Address
from accompanist.rpc.framing import frame

answer_s = 15.0
connect_s = 5.0
header_bytes_max = 65_536

Reply = tuple[int, bytes]
"""The HTTP status (200 on a stream) and the body."""


class ConnectionEnded(Exception):
    """The worker ended the connection instead of answering."""


class Silent(Exception):
    """No answer came in time."""


class Wire(Protocol):
    """A connection to a worker. Bodies that are sent together are under way concurrently."""

    async def exchange(self, bodies: Sequence[bytes], answers: int) -> list[Reply]:
        """Send the bodies. Returns that many answers, in order of arrival. Raises ConnectionEnded, Silent."""
        ...

    async def send(self, body: bytes) -> None:
        """Send a body without waiting for an answer. Raises ConnectionEnded."""
        ...

    async def close(self) -> None: ...


async def connection(address: Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to a worker. Raises ConnectionEnded if none listens."""
    try:
        async with asyncio.timeout(connect_s):
            if address.path:
                return await asyncio.open_unix_connection(address.path, limit=header_bytes_max)
            return await asyncio.open_connection(address.host, address.port, limit=header_bytes_max)
    except (OSError, TimeoutError) as problem:
        raise ConnectionEnded(f"nobody listens ({type(problem).__name__})") from None


async def shut(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        return


class Stream:
    """One connection with Content-Length framing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, address: Address) -> Stream:
        return cls(*await connection(address))

    async def exchange(self, bodies: Sequence[bytes], answers: int) -> list[Reply]:
        await self.write(b"".join(map(frame, bodies)))
        return [(200, await self.read()) for _ in range(answers)]

    async def send(self, body: bytes) -> None:
        await self.write(frame(body))

    async def write(self, data: bytes) -> None:
        """Send bytes unchanged."""
        try:
            async with asyncio.timeout(answer_s):
                self._writer.write(data)
                await self._writer.drain()
        except TimeoutError:
            raise Silent("what is sent is not read") from None
        except OSError:
            raise ConnectionEnded("the connection broke") from None

    async def read(self) -> bytes:
        """Receive the next body."""
        try:
            async with asyncio.timeout(answer_s):
                header = await self._reader.readuntil(b"\r\n\r\n")
                return await self._reader.readexactly(_length(header))
        except TimeoutError:
            raise Silent(f"no answer within {answer_s:.0f} s") from None
        except (asyncio.IncompleteReadError, OSError):
            raise ConnectionEnded("the connection was closed") from None

    async def close(self) -> None:
        await shut(self._writer)


def _length(header: bytes) -> int:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    raise ConnectionEnded("what came is no frame")


class Http:
    """HTTP/1.1 connections, opened when needed and reused while they are open."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def exchange(self, bodies: Sequence[bytes], answers: int) -> list[Reply]:
        came: list[Reply] = []

        async def post(body: bytes) -> None:
            came.append(await self.post(body))

        for problem in await asyncio.gather(*map(post, bodies), return_exceptions=True):
            if problem is not None:
                raise problem
        return came[:answers]

    async def post(self, body: bytes) -> Reply:
        """Make one call, on a connection that no other call uses meanwhile. Raises ConnectionEnded, Silent."""
        reader, writer = self._idle.pop() if self._idle else await connection(self._address)
        try:
            status, answer, keep = await round_trip(reader, writer, self.request("POST", "", {}, body))
        except BaseException:
            writer.close()
            raise
        if keep:
            self._idle.append((reader, writer))
        else:
            writer.close()
        return status, answer

    async def send(self, body: bytes) -> None:
        _, writer = await connection(self._address)
        try:
            writer.write(self.request("POST", "", {}, body))
            await writer.drain()
        except OSError:
            raise ConnectionEnded("the connection broke") from None
        finally:
            writer.close()

    def request(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        """Build a request; an empty `target` means the worker's own."""
        host = "localhost" if self._address.path else f"{self._address.host}:{self._address.port}"
        fields = {"Host": host, "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
        lines = [f"{method} {target or self._address.target} HTTP/1.1", *(f"{n}: {v}" for n, v in fields.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    async def close(self) -> None:
        for _, writer in self._idle:
            await shut(writer)


async def round_trip(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection may be used again. Raises ConnectionEnded, Silent."""
    try:
        async with asyncio.timeout(answer_s):
            # a server may answer before it has read the whole request, and then stop reading
            sending = asyncio.ensure_future(_written(writer, request))
            try:
                return await _response(reader)
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
    except TimeoutError:
        raise Silent(f"no answer within {answer_s:.0f} s") from None
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, OSError, ValueError, IndexError):
        raise ConnectionEnded("the connection was closed, or what came is no HTTP") from None


async def _written(writer: asyncio.StreamWriter, request: bytes) -> None:
    writer.write(request)
    await writer.drain()


async def _response(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    keep = fields.get("connection", "").lower() != "close"
    if status in (204, 304):
        return status, b"", keep
    if fields.get("transfer-encoding", "").lower() == "chunked":
        return status, await _chunks(reader), keep
    if "content-length" in fields:
        return status, await reader.readexactly(int(fields["content-length"])), keep
    return status, await reader.read(), False


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return body
