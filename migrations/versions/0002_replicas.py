"""Replicas, takes that are acknowledged, collection, back-off, search, audit, and which server this is.

Revision ID: 0002
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BEFORE = Path(__file__).with_name("0001")
FOLDER = Path(__file__).with_name("0002")


def upgrade() -> None:
    """In the order in which one needs the other; the grants last, over what is new."""
    for name in ("tables", "lease", "take", "flush", "resend", "collect", "grants"):
        sql.run((FOLDER / f"{name}.sql").read_text())


def downgrade() -> None:
    """What sessions need stays: rows keep all that 0001 knows of them. Audits, the server's name and sessions that
    were to be forgotten at workers go."""
    sql.run((FOLDER / "drop.sql").read_text())
    for name in ("lease", "take", "flush", "resend", "grants"):
        sql.run((BEFORE / f"{name}.sql").read_text())
