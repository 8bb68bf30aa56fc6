"""Alembic's entry: runs the revisions of one service's schema on the connection that `accompanist.log.provision` made.

There is no alembic.ini and no offline mode: which schemas exist is the deployment's business, not a file's.
"""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
schema = context.config.attributes["schema"]

context.configure(connection=connection, version_table_schema=schema, transaction_per_migration=False)
with context.begin_transaction():
    context.run_migrations()
