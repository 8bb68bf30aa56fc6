"""The first mark of a lane waits for another first mark of it that is not committed yet.

Revision ID: 0020
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent


def upgrade() -> None:
    sql.run((VERSIONS / "0020" / "mark.sql").read_text())


def downgrade() -> None:
    sql.run(sql.function((VERSIONS / "0010" / "marker.sql").read_text(), "mark"))
