"""Who speaks is part of what holds a place in the inbox, and what one peer may have wait there is bounded for it alone.

Revision ID: 0018
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent
FOLDER = VERSIONS / "0018"
UP = ("tables", "accept", "take", "unfinished", "forget", "crowd", "request", "grants")
BEFORE = (
    ("0009/accept", "accept"),
    ("0009/take", "take"),
    ("0009/take", "unfinished"),
    ("0003/collect", "forget"),
    ("0007/rehosted", "forget_versions"),
    ("0006/crowd", "crowd"),
    ("0008/request", "request_of"),
)
"""The functions that are replaced, and where they stood. 0011 changed all of them but the last as they were."""


def upgrade() -> None:
    for name in UP:
        sql.run((FOLDER / f"{name}.sql").read_text())


def downgrade() -> None:
    """Of several messages under one identity the one stays that its session would believe."""
    sql.run((FOLDER / "down.sql").read_text())
    for place, name in BEFORE:
        text = sql.function((VERSIONS / f"{place}.sql").read_text(), name)
        if name in ("forget", "forget_versions"):
            text = text.replace("< clock_timestamp()", "< statement_timestamp()")
        sql.run(text)
    sql.run((FOLDER / "planned.sql").read_text())
