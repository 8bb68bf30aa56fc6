"""What a running sidecar holds in memory before its first session: modules, and the bytes that their objects take.

Resident memory is not bounded here: it differs between machines. A bound may only go down. Whoever adds a module that a
running sidecar does not need, imports it where it is needed.
"""

from __future__ import annotations

import json
import subprocess
import sys

OURS_MAX = 215
"""Modules of Accompanist."""
TRACED_MB_MAX = 28.0
"""Of objects of Python, as tracemalloc counts them after all imports; 26 with Python 3.11."""
NOT_NEEDED = (
    "accompanist.language.compile",
    "accompanist.language.checks",
    "accompanist.language.normal",
    "accompanist.language.projection",
    "accompanist.language.reading",
    "accompanist.language.shown",
    "accompanist.simulation",
    "alembic",
    "opentelemetry.exporter",
    "opentelemetry.sdk",
    "pydantic",
    "pygments",
    "rich",
    "sqlalchemy",
    "typer",
)
"""Each takes up to 10 MB of resident memory."""

_PROGRAM = """
import gc, json, sys, tracemalloc
tracemalloc.start()
from accompanist.cli.main import main
main(["sidecar", "--service", "absent"])
import accompanist.sidecar.process, accompanist.rpc.http_server
gc.collect()
print(json.dumps([sorted(sys.modules), tracemalloc.get_traced_memory()[0] / 1e6]))
"""


def test_a_sidecar_holds_no_more_than_it_needs() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], check=True, capture_output=True)
    modules, traced = json.loads(done.stdout)
    assert [name for name in NOT_NEEDED if name in modules] == []
    ours = sum(name.partition(".")[0] == "accompanist" for name in modules)
    assert OURS_MAX * 0.9 < ours <= OURS_MAX, "the bound follows what is counted, downwards"
    assert traced <= TRACED_MB_MAX, "the bound follows what is counted, downwards"
