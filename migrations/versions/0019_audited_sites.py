"""An audit names the site that a person's verb was about.

Revision ID: 0019
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent


def upgrade() -> None:
    """The function is replaced in its place, so that its trigger stays."""
    sql.run((VERSIONS / "0019" / "audit.sql").read_text())


def downgrade() -> None:
    sql.run(sql.function((VERSIONS / "0008" / "audit.sql").read_text(), "audit_verb"))
