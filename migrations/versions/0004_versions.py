"""Versions that the log can bring back, search by attribute, retention in two steps.

Revision ID: 0004
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BEFORE = Path(__file__).with_name("0003")
FOLDER = Path(__file__).with_name("0004")
UP: tuple[str, ...] = ("version", "attributes", "lighten", "grants")
"""What this revision adds and replaces, in the order in which one needs the other; the grants last."""
DOWN: tuple[str, ...] = ()
"""What it replaced, as it was."""


def upgrade() -> None:
    for name in UP:
        sql.run((FOLDER / f"{name}.sql").read_text())


def downgrade() -> None:
    if UP:
        sql.run((FOLDER / "drop.sql").read_text())
    for name in DOWN:
        sql.run((BEFORE / f"{name}.sql").read_text())
