"""A write that is carried out late, after newer ones, changes nothing.

Revision ID: 0012
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent
FOLDER = VERSIONS / "0012"
PLANS = (
    "ALTER FUNCTION flush RESET enable_seqscan",
    "ALTER FUNCTION flush SET seq_page_cost = 1",
    "ALTER FUNCTION flush SET random_page_cost = 0.1",
)
"""What 0011 made of the function that 0009 made."""


def upgrade() -> None:
    for name in ("tables", "flush", "lighten", "grants"):
        sql.run((FOLDER / f"{name}.sql").read_text())


def downgrade() -> None:
    """Sessions keep their rows; from now on the one that is written last is believed, as before."""
    sql.run("DROP FUNCTION flush")
    sql.run(sql.function((VERSIONS / "0009" / "flush.sql").read_text(), "flush"))
    for statement in PLANS:
        sql.run(statement)
    sql.run((FOLDER / "grants.sql").read_text())
    sql.run("ALTER TABLE session DROP COLUMN epoch, DROP COLUMN turn")
