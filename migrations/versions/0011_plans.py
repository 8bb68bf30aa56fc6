"""No function of the log needs `enable_seqscan = off` to find its rows by an index.

Revision ID: 0011
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent
FOLDER = VERSIONS / "0011"


def upgrade() -> None:
    sql.run((FOLDER / "plans.sql").read_text())


def downgrade() -> None:
    """Settings as they were, and `undelivered` as 0009 made it. What else is in the functions' texts is right for the
    program before, too."""
    sql.run((FOLDER / "down.sql").read_text())
    sql.run(
        (VERSIONS / "0009" / "undelivered.sql").read_text().replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    )
