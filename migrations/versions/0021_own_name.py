"""A sidecar says nothing under a name that is not its own, and what nobody says is not taken.

Revision ID: 0021
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent
FOLDER = VERSIONS / revision


def upgrade() -> None:
    sql.run((FOLDER / "own_name.sql").read_text())


def downgrade() -> None:
    sql.run((FOLDER / "down.sql").read_text())
    sql.run(sql.function((VERSIONS / "0005" / "deliver.sql").read_text(), "deliver"))
