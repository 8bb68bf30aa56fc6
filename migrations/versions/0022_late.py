"""A role that is over and is not the initiator goes at last, though what it owes is never taken.

Revision ID: 0022
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent


def upgrade() -> None:
    sql.run((VERSIONS / "0022" / "collect.sql").read_text())


def downgrade() -> None:
    """The function's parameters are others, so it is made anew, with its grants."""
    sql.run("DROP FUNCTION collect")
    text = sql.function((VERSIONS / "0009" / "collect.sql").read_text(), "collect")
    sql.run(text.replace("< clock_timestamp()", "< statement_timestamp()"))
    sql.run((VERSIONS / "0022" / "down.sql").read_text())
