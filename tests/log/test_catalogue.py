"""The page of the log describes the tables and functions that a migrated database has."""

from __future__ import annotations

from ops import pages_log, pages_log_words
from tests.postgres import SERVICES, Database


async def test_the_page_is_what_the_database_has(database: Database) -> None:
    made = await pages_log.parts(database.dsn(), SERVICES[pages_log.SERVICE], pages_log.SERVICE)
    page = pages_log.PAGE.read_text()
    assert pages_log.replaced(page, made) == page, "write it: python -m ops.pages_log"


async def test_nothing_is_described_that_is_not_there(database: Database) -> None:
    made = await pages_log.parts(database.dsn(), SERVICES[pages_log.SERVICE], pages_log.SERVICE)
    tables = {name for name in pages_log_words.TABLES if f"### `{name}`" in made["log-tables"]}
    functions = {name for name in pages_log_words.FUNCTIONS if f"- `{name}`:" in made["log-functions"]}
    assert tables == set(pages_log_words.TABLES)
    assert functions == set(pages_log_words.FUNCTIONS)
