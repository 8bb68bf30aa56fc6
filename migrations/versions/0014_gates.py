"""Who may write a shard is held by row locks in a table of the log, not by locks that any login can take.

Revision ID: 0014
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

FOLDER = Path(__file__).parent / revision


def upgrade() -> None:
    sql.run((FOLDER / "gates.sql").read_text())


def downgrade() -> None:
    sql.run((FOLDER / "down.sql").read_text())
