"""The order saga's deployment on this machine: `accompanist.cli.local` with the files of this checkout.

    python -m ops.local start      until Ctrl-C; what `make start` does
    with cluster(directory): ...   the same for a demo or a test, stopped at the end of the block

Not promised: what `accompanist.cli.local.cluster` does not promise.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from accompanist.cli.local import cluster as local
from accompanist.cli.local.cluster import LocalCluster as Cluster
from accompanist.cli.local.cluster import NotStarted
from accompanist.cli.local.foreground import until_told
from accompanist.errors import AccompanistError
from accompanist.postgres_server import PostgresAbsent

__all__ = ["ROOT", "Cluster", "NotStarted", "cluster", "start"]

ROOT = Path(__file__).resolve().parent.parent

cluster = partial(local.cluster, root=ROOT)


def start(directory: Path, procfile: Path = ROOT / "Procfile") -> int:
    """Run until a signal comes, the parent goes, or honcho ends; the exit code."""
    try:
        return until_told(cluster(directory, own_apis=False, procfile=procfile), _announce)
    except (NotStarted, PostgresAbsent, AccompanistError) as problem:
        print(f"not started: {problem}", file=sys.stderr)
        return 3


def _announce(running: Cluster) -> None:
    print("\nAccompanist runs. Its services answer at:")
    for service in running.config.services.values():
        print(f"  {service.name:<12} {service.api}")
    print("Start a saga in another terminal; Ctrl-C stops everything:")
    order = '{"order": {"customer": "customer-gold", "lines": [{"product": "kettle", "quantity": 1}]}}'
    print(f"  .venv/bin/accompanist start fulfil_order --role warehouse --args '{order}' --wait")
    if running.own_postgres:
        print("What asks Postgres itself (doctor, fence, conformance --ledger) needs its address:")
        print(f"  export DATABASE_URL='{running.admin_dsn}'")
    print(flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.local", description="The deployment on this machine.")
    parser.add_argument("verb", choices=["start"])
    parser.add_argument("--directory", type=Path, default=ROOT / "var")
    parser.add_argument(
        "--procfile", type=Path, default=ROOT / "Procfile", help="ops/Procfile.replicas runs two of each"
    )
    asked = parser.parse_args()
    return start(asked.directory, asked.procfile.resolve())


if __name__ == "__main__":
    sys.exit(main())
