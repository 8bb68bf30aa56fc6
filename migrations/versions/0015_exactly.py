"""Messages are handed over to the very function that a neighbour's log has for it, and to no other of its name.

Revision ID: 0015
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent


def upgrade() -> None:
    sql.run((VERSIONS / revision / "hand_over.sql").read_text())


def downgrade() -> None:
    sql.run(sql.function((VERSIONS / "0009" / "hand_over.sql").read_text(), "hand_over"))
    sql.run("DROP FUNCTION deliver_of")
