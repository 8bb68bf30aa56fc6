"""What another benchmark is told, and that its saga is the order saga's: everything undone that was done before."""

from __future__ import annotations

import json
from pathlib import Path

from accompanist.testing import Saga
from ops.bench.external import saga
from ops.bench.external.__main__ import OUTCOMES, spec

ORDER = saga.Order("r1-00000001", 1, 1, 1, 5, 0)


def test_the_benchmark_can_start_it_from_anywhere() -> None:
    told = json.loads(json.dumps(spec()))
    (process,) = told["start"]
    assert Path(process["argv"][0]).is_absolute() and Path(process["cwd"], "ops", "bench").is_dir()
    assert {"{dsn}", "{dir}", "{port}"} <= set(process["argv"])
    assert "{port}" in told["submit"] and "{port}" in told["ready"][0]


def test_a_settled_order_is_done() -> None:
    run = Saga(saga.order_saga, arguments={"order": ORDER}).run()
    assert OUTCOMES[run.outcome or ""] == "done"
    assert run.ledger == ["warehouse.reserve", "payment.charge", "loyalty.award", "warehouse.ship"]


def test_a_refused_order_is_aborted_and_undone() -> None:
    run = Saga(saga.order_saga, arguments={"order": ORDER}).decline("warehouse.ship", "cannot ship").run()
    assert OUTCOMES[run.outcome or ""] == "aborted"
    assert sorted(run.ledger[3:]) == ["loyalty.revoke", "payment.refund", "warehouse.release"]
