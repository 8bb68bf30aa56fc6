"""Messages that nobody here can take up do not close the door to others, nor does a peer with too many sessions.

Revision ID: 0006
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent


def upgrade() -> None:
    """One function replaced in its place, so that it keeps its grants."""
    for name in ("crowd", "accept"):
        sql.run((VERSIONS / "0006" / f"{name}.sql").read_text())


def downgrade() -> None:
    """The function as 0005 made it."""
    text = (VERSIONS / "0005" / "deliver.sql").read_text()
    begin, end = text.index("-- Take messages into the inbox"), text.index("-- The only function that peers may call")
    sql.run(text[begin:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
    sql.run("DROP FUNCTION crowd")
    sql.run("ALTER TABLE setting DROP COLUMN crowded")
