"""The timeline of one saga is read from the server's log."""

from __future__ import annotations

import pytest

from ops.bench.profiling.timeline import events, shown

LOG = """\
10:00:00 warehouse.1 | {"event":"something else"}
at=1000.000 by=payment_sidecar pid=7 LOG:  duration: 1.000 ms  execute <unnamed>: SELECT before
at=1000.011 by=payment_sidecar pid=7 LOG:  duration: 0.500 ms  bind __asyncpg_stmt_1__: SELECT flush($1,
\t    $2)
at=1000.014 by=payment_sidecar pid=7 LOG:  duration: 2.000 ms  execute __asyncpg_stmt_1__: SELECT flush($1,
\t    $2)
\tFROM them
at=1000.014 by=payment_sidecar pid=7 DETAIL:  parameters: $1 = 'x'
at=1000.015 by=postgres pid=9 LOG:  duration: 1.000 ms  statement: SELECT count(*)
at=1000.016 by=payment_worker pid=8 LOG:  duration: 0.250 ms  statement: COMMIT;
at=1000.900 by=payment_worker pid=8 LOG:  duration: 0.250 ms  statement: SELECT behind
"""


def test_statements_of_sidecars_and_workers_stand_in_time() -> None:
    told = events(LOG.splitlines(), 1000.01, 1000.1)
    assert [(event.role, event.text) for event in told] == [
        ("payment_sidecar", "SELECT flush($1, $2) FROM them"),
        ("payment_worker", "COMMIT;"),
    ]
    # binding is part of the statement
    assert [event.began_ms for event in told] == pytest.approx([1.5, 5.75])
    assert [event.ended_ms for event in told] == pytest.approx([4.0, 6.0])


def test_the_client_stands_before_and_behind() -> None:
    lines = shown(events(LOG.splitlines(), 1000.01, 1000.1), 9.5)
    assert lines[0].endswith("client asks") and lines[-1].startswith("    9.50 ms")
    assert "payment_worker" in lines[2]
