"""A version that a person let a session go on with is kept, like the one it began with.

Revision ID: 0007
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent


def upgrade() -> None:
    """One function replaced in its place, so that it keeps its grants."""
    sql.run((VERSIONS / "0007" / "rehosted.sql").read_text())


def downgrade() -> None:
    """The function as 0004 made it."""
    text = (VERSIONS / "0004" / "version.sql").read_text()
    begin = text.index("CREATE FUNCTION forget_versions")
    end = text.index("$$;", text.index("AS $$", begin) + len("AS $$")) + len("$$;")
    sql.run(text[begin:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1))
