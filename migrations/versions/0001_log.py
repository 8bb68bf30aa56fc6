"""The log: sessions, inbox, results, outbox, shards, projections, and the functions over them.

Revision ID: 0001
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FOLDER = Path(__file__).with_name("0001")


def upgrade() -> None:
    """In the order in which one needs the other; the grants last, over all of it."""
    for name in ("tables", "setting", "deliver", "flush", "resend", "lease", "take", "grants"):
        sql.run((FOLDER / f"{name}.sql").read_text())


def downgrade() -> None:
    """Everything goes, sessions included: there is no earlier form to keep them in."""
    sql.run((FOLDER / "drop.sql").read_text())
