"""A group of bursts is written as rows, and nothing is written beside a stub that is being made.

Revision ID: 0023
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent
FOLDER = VERSIONS / revision


def upgrade() -> None:
    for name in ("types", "flush", "collect", "grants"):
        sql.run((FOLDER / f"{name}.sql").read_text())


def downgrade() -> None:
    sql.run((FOLDER / "down.sql").read_text())
    sql.run(sql.function((VERSIONS / "0012" / "flush.sql").read_text(), "flush"))
    sql.run((FOLDER / "grants.sql").read_text())
