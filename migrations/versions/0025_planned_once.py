"""What a flush does in its neighbours' schemas is planned once for each connection.

Revision ID: 0025
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent
FOLDER = VERSIONS / revision


def upgrade() -> None:
    sql.run((FOLDER / "up.sql").read_text())


def downgrade() -> None:
    sql.run((FOLDER / "down.sql").read_text())
    sql.run(sql.function((VERSIONS / "0021" / "own_name.sql").read_text(), "deliver"))
    sql.run(sql.function((VERSIONS / "0023" / "flush.sql").read_text(), "flush"))
