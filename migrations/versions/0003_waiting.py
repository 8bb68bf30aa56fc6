"""Waiting: timers, and events from outside, as rows.

Revision ID: 0003
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BEFORE = Path(__file__).with_name("0002")
FOLDER = Path(__file__).with_name("0003")
UP: tuple[str, ...] = ("tables", "flush", "due", "collect", "grants")
"""What this revision adds and replaces, in the order in which one needs the other; the grants last."""
DOWN: tuple[str, ...] = ("flush", "collect", "grants")
"""What it replaced, as it was."""


def upgrade() -> None:
    for name in UP:
        sql.run((FOLDER / f"{name}.sql").read_text())


def downgrade() -> None:
    if UP:
        sql.run((FOLDER / "drop.sql").read_text())
    for name in DOWN:
        sql.run((BEFORE / f"{name}.sql").read_text())
