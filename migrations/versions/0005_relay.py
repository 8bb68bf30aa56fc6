"""Services in databases of their own: the outbox is relayed from sidecar to sidecar.

Revision ID: 0005
"""

from __future__ import annotations

from pathlib import Path

from accompanist.log import revision as sql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

VERSIONS = Path(__file__).parent
FOLDER = VERSIONS / "0005"


def upgrade() -> None:
    """The grants last, over what is new."""
    for name in ("deliver", "resend", "relay", "grants"):
        sql.run((FOLDER / f"{name}.sql").read_text())


def downgrade() -> None:
    """What waits for a peer in another database stays in the outbox, and is `unknown` there."""
    sql.run(_first_deliver())
    sql.run("DROP FUNCTION accept, relay, relayed")
    sql.run((VERSIONS / "0002" / "resend.sql").read_text())
    sql.run((VERSIONS / "0002" / "grants.sql").read_text())


def _first_deliver() -> str:
    """The function as 0001 made it, in its place, so that it keeps its grants."""
    text = (VERSIONS / "0001" / "deliver.sql").read_text()
    begin, end = text.index("CREATE FUNCTION deliver("), text.index("-- Give messages to their services")
    return text[begin:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
