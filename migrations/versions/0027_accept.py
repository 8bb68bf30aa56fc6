"""`accept` sets up fewer questions for each message.

Revision ID: 0027
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent


def upgrade() -> None:
    sql.run((VERSIONS / revision / "accept.sql").read_text())


def downgrade() -> None:
    sql.run(sql.function((VERSIONS / "0018" / "accept.sql").read_text(), "accept"))
