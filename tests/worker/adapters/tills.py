"""The till on each adapter, and a program that serves one of them.

TILL_KIND=psycopg TILL_WORKER_DATABASE=DSN python -m tests.worker.adapters.tills --url unix:/… --install
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial

from accompanist.worker import Worker, main
from tests.worker.adapters import till_django, till_psycopg, till_sqlalchemy
from workers.till import till

KINDS: Mapping[str, Callable[[str], Worker]] = {
    "psycopg": till_psycopg.asynchronous,
    "psycopg-blocking": till_psycopg.blocking,
    "sqlalchemy-asyncpg": partial(till_sqlalchemy.asynchronous, "asyncpg"),
    "sqlalchemy-psycopg": partial(till_sqlalchemy.asynchronous, "psycopg"),
    "sqlalchemy-blocking": till_sqlalchemy.blocking,
    "django": till_django.blocking,
}

if __name__ == "__main__":
    dsn = os.environ["TILL_WORKER_DATABASE"]
    raise SystemExit(main(KINDS[os.environ["TILL_KIND"]](dsn), till.install))
