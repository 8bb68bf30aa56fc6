"""A key is forgotten with the last stub of its session, not with the first.

Revision ID: 0013
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent


def upgrade() -> None:
    sql.run((VERSIONS / revision / "requests.sql").read_text())


def downgrade() -> None:
    """What the function does is right for the program before, too."""
