"""Where replicas take messages directly, and what a message that comes so may begin.

Revision ID: 0026
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

FOLDER = Path(__file__).parent / revision


def upgrade() -> None:
    sql.run((FOLDER / "up.sql").read_text())


def downgrade() -> None:
    sql.run((FOLDER / "down.sql").read_text())
