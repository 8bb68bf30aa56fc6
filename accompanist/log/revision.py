"""Runs the SQL file of a revision in `migrations/` as a whole, in Alembic's transaction.

SQLAlchemy's asyncpg dialect prepares each statement, and Postgres can only prepare one statement at a time. So a file
with several statements goes through the driver's simple protocol instead.
"""

from __future__ import annotations

import re

from alembic import op


def run(text: str) -> None:
    """Execute all statements of `text`."""
    connection = op.get_bind()
    connection.exec_driver_sql("SELECT 1")  # the driver begins its transaction with the first statement
    adapted = connection.connection.dbapi_connection
    assert adapted is not None
    adapted.run_async(lambda driver: driver.execute(text))


def function(text: str, name: str) -> str:
    """The statement of a file that creates this function, as CREATE OR REPLACE, which keeps its grants."""
    begin = re.search(rf"^CREATE (OR REPLACE )?FUNCTION {name}\(", text, re.MULTILINE)
    assert begin is not None, name
    end = text.index("\n$$;", begin.start()) + len("\n$$;")
    return "CREATE OR REPLACE FUNCTION" + text[begin.start() : end].partition("FUNCTION")[2]
