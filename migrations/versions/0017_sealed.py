"""What the log keeps of a version is sealed with a key that is not in the database.

Revision ID: 0017
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FOLDER = Path(__file__).parent / revision


def upgrade() -> None:
    sql.run((FOLDER / "seal.sql").read_text())


def downgrade() -> None:
    """Texts are known by their digest again, whoever wrote them."""
    sql.run((FOLDER / "down.sql").read_text())
