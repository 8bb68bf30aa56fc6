"""The till on each adapter, and a program that serves one of them.

TILL_KIND=psycopg TILL_WORKER_DATABASE=DSN python -m tests.worker.adapters.tills --url unix:/… --install
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from accompanist.worker import Worker, main
from tests.worker.adapters import till_psycopg
from workers.till import till

KINDS: Mapping[str, Callable[[str], Worker]] = {
    "psycopg": till_psycopg.asynchronous,
    "psycopg-blocking": till_psycopg.blocking,
}

if __name__ == "__main__":
    dsn = os.environ["TILL_WORKER_DATABASE"]
    raise SystemExit(main(KINDS[os.environ["TILL_KIND"]](dsn), till.install))
