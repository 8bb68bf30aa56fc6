"""A code for each refusal, a bound on each wait for a lock, and nothing that nobody needs.

Revision ID: 0024
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

FOLDER = Path(__file__).parent / revision


def upgrade() -> None:
    sql.run((FOLDER / "up.sql").read_text())


def downgrade() -> None:
    sql.run((FOLDER / "down.sql").read_text())
