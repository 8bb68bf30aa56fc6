"""Requests under a key are kept as they were sent; a person's verb and its audit are one commit.

Revision ID: 0008
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent


def upgrade() -> None:
    """New tables and triggers, and one function replaced in its place, so that it keeps its grants."""
    for name in ("request", "audit", "lighten", "grants"):
        sql.run((VERSIONS / "0008" / f"{name}.sql").read_text())


def downgrade() -> None:
    """Keys are forgotten, and `lighten` is as 0004 made it."""
    sql.run((VERSIONS / "0008" / "drop.sql").read_text())
    sql.run((VERSIONS / "0004" / "lighten.sql").read_text().replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
