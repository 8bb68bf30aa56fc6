"""Whether the last commit that a sidecar was told of is there can be asked of a server.

Revision ID: 0010
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    sql.run((Path(__file__).parent / revision / "marker.sql").read_text())


def downgrade() -> None:
    sql.run("DROP FUNCTION mark; DROP TABLE marker")
    sql.run("ALTER TABLE server DROP COLUMN database_oid, DROP COLUMN relation_oid, DROP COLUMN era, DROP COLUMN log")
