"""Whole databases, and the passwords of a local deployment's logins."""

from __future__ import annotations

import asyncpg
import pytest

from accompanist.log import databases
from tests.postgres import Database


async def test_only_missing_databases_are_created(blank_database: Database) -> None:
    dsn = blank_database.admin_dsn
    await databases.create_missing(dsn, ["only_a"])
    await databases.create_missing(dsn, ["only_a", "only_b"])
    connection = await asyncpg.connect(dsn)
    try:
        found = await connection.fetch("SELECT datname FROM pg_database WHERE datname LIKE 'only\\__' ORDER BY 1")
    finally:
        await connection.close()
    await databases.drop(dsn, "only_a")
    await databases.drop(dsn, "only_b")
    assert [row["datname"] for row in found] == ["only_a", "only_b"]


async def test_a_password_is_set_and_is_nothing_but_digits(blank_database: Database) -> None:
    dsn = blank_database.admin_dsn
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("DROP ROLE IF EXISTS knocker")
        await connection.execute("CREATE ROLE knocker LOGIN")
        await databases.set_passwords(dsn, {"knocker": "00ff"})
        kept = await connection.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = 'knocker'")
        with pytest.raises(ValueError):
            await databases.set_passwords(dsn, {"knocker": "' SUPERUSER --"})
        with pytest.raises(PermissionError, match="does not exist"):
            await databases.set_passwords(dsn, {"nobody_of_that_name": "00ff"})
    finally:
        await connection.execute("DROP ROLE IF EXISTS knocker")
        await connection.close()
    assert kept
