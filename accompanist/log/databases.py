"""Databases that come and go as a whole: for tests, on a server where that is allowed."""

from __future__ import annotations

import asyncpg

from accompanist.log import names


async def create(server: str, name: str) -> None:
    """Make an empty database on the server that this address leads to."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"CREATE DATABASE {names.identifier(name)} TEMPLATE template0")
    finally:
        await connection.close()


async def drop(server: str, name: str) -> None:
    """Take it away, whoever is still in it."""
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {names.identifier(name)} WITH (FORCE)")
    finally:
        await connection.close()
