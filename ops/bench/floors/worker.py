"""A service's worker without a fence: JSON lines over a unix socket, `python -m ops.bench.floors.worker SERVICE`.

A line asks `[operation, session, arguments]`, and the answer is `["replied", value]` or `["declined", reason]`. It ends
when its input does, so that it does not outlive who started it.

Not promised: safety against who may open the socket.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import uvloop

from accompanist.worker import Declined
from ops.bench.floors.transactions import OPERATIONS, open_pool, transact, types


class Question(msgspec.Struct, array_like=True):
    """`arguments` are read by the types of the operation."""

    operation: str
    session: UUID
    arguments: msgspec.Raw


_QUESTION = msgspec.json.Decoder(Question)
_ARGUMENTS = {operation: msgspec.json.Decoder(types(operation).arguments) for operation in OPERATIONS}


async def answer(pool: asyncpg.Pool, line: bytes) -> bytes:
    asked = _QUESTION.decode(line)
    arguments = _ARGUMENTS[asked.operation].decode(asked.arguments)
    said: tuple[str, Any]
    try:
        said = "replied", await transact(pool, asked.operation, asked.session, list(arguments))
    except Declined as refusal:
        said = "declined", refusal.reason
    return msgspec.json.encode(said) + b"\n"


async def serve(service: str, socket: str, dsn: str) -> None:
    pool = await open_pool(dsn, service)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(await answer(pool, line))
        writer.close()

    server = await asyncio.start_unix_server(talk, socket)
    await asyncio.to_thread(sys.stdin.read)
    server.close()
    pool.terminate()


if __name__ == "__main__":
    uvloop.run(serve(*sys.argv[1:]))
