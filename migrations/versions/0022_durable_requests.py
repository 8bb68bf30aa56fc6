"""Which session stands for a key is on disk before anybody is told.

Revision ID: 0022
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent
FOLDER = VERSIONS / revision


def upgrade() -> None:
    sql.run((FOLDER / "durable_requests.sql").read_text())


def downgrade() -> None:
    sql.run(sql.function((VERSIONS / "0018" / "request.sql").read_text(), "request_of"))
