"""Creates and drops whole databases, and sets passwords, for tests and local deployments on a server that allows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import asyncpg

from accompanist.log import names, refusals
from accompanist.log.connection import connect


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


async def create_missing(server: str, wanted: Iterable[str]) -> None:
    """Create those of the databases that are not there yet."""
    connection = await asyncpg.connect(server)
    try:
        for name in wanted:
            if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name):
                await connection.execute(f"CREATE DATABASE {names.identifier(name)}")
    finally:
        await connection.close()


async def set_passwords(server: str, passwords: Mapping[str, str]) -> None:
    """Set the password of each role, which has to be in hexadecimal digits. Raises OperatorError if the address cannot
    be used, and PermissionError if its login may not set passwords."""
    async with refusals.readable(server):
        connection = await connect(server, "accompanist passwords")
    try:
        for role, password in passwords.items():
            quoted = f"'{int(password, 16):0{len(password)}x}'"
            await connection.execute(f"ALTER ROLE {names.identifier(role)} PASSWORD {quoted}")
    except asyncpg.PostgresError as problem:
        raise PermissionError(str(problem)) from None
    finally:
        await connection.close()
