"""A sidecar that has nothing to do asks one short question a second, and renews one row.

Revision ID: 0016
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent
FOLDER = VERSIONS / "0016"


def upgrade() -> None:
    for name in ("lease", "pending"):
        sql.run((FOLDER / f"{name}.sql").read_text())


def downgrade() -> None:
    """Each shard has its owner's time."""
    sql.run("DROP FUNCTION pending")
    sql.run("ALTER TABLE shard ADD COLUMN expires_at timestamptz")
    sql.run("UPDATE shard s SET expires_at = r.expires_at FROM replica r WHERE r.owner = s.owner")
    sql.run("UPDATE shard SET owner = NULL WHERE expires_at IS NULL")
    before = (VERSIONS / "0014" / "gates.sql").read_text()
    for name in ("lease", "release"):
        sql.run(sql.function(before, name))
