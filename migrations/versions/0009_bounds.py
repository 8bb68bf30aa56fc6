"""Rows by their bytes, what can never be delivered told apart from what cannot yet, and what is over says nothing more.

Revision ID: 0009
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent
FOLDER = VERSIONS / "0009"
UP = (
    "tables",
    "take",
    "relay",
    "resend",
    "hand_over",
    "accept",
    "flush",
    "collect",
    "lighten",
    "undelivered",
    "grants",
)
BEFORE = (
    ("0002/take", "take"),
    ("0002/take", "unfinished"),
    ("0005/relay", "relay"),
    ("0005/resend", "resend"),
    ("0001/deliver", "hand_over"),
    ("0006/accept", "accept"),
    ("0003/flush", "flush"),
    ("0003/collect", "collect"),
    ("0008/lighten", "lighten"),
)
"""The functions that are replaced in their places, so that they keep their grants, and where they stood."""


def upgrade() -> None:
    for name in UP:
        sql.run((FOLDER / f"{name}.sql").read_text())


def downgrade() -> None:
    """What was refused for ever is tried for ever again."""
    for place, name in BEFORE:
        sql.run(sql.function((VERSIONS / f"{place}.sql").read_text(), name))
    sql.run("DROP FUNCTION undelivered")
    sql.run("DROP INDEX outbox_undelivered")
    sql.run("UPDATE outbox SET answer = 'unknown' WHERE answer IN ('refused', 'nowhere')")
    sql.run("ALTER TABLE setting DROP COLUMN batch_bytes_max")
