"""Sessions are started, and told events, inside an application's own transaction.

Revision ID: 0030
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

FOLDER = Path(__file__).parent / revision


def upgrade() -> None:
    sql.run((FOLDER / "up.sql").read_text())


def downgrade() -> None:
    sql.run((FOLDER / "down.sql").read_text())
