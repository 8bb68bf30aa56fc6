"""Creates and drops whole databases, for tests on a server that allows it."""

from __future__ import annotations

import asyncpg

from accompanist.log import names


async def create(server: str, name: str) -> None:
    """Create an empty database on the server at this address."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {names.identifier(name)} TEMPLATE template0")
    finally:
        await connection.close()


async def drop(server: str, name: str) -> None:
    """Drop a database, even if it has connections."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {names.identifier(name)} WITH (FORCE)")
    finally:
        await connection.close()
