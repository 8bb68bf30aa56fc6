"""The saga with the real workers, each on a throw-away Postgres. The package brings the fixture `accompanist`."""

from __future__ import annotations

from typing import Any

from project_name.alpha import worker as alpha
from project_name.beta import worker as beta
from project_name.choreography import reserve_all
from project_name.messages import Confirmation, Request


def workers(accompanist: Any) -> dict[str, Any]:
    return {
        "alpha": accompanist.serve(alpha.worker, alpha.install),
        "beta": accompanist.serve(beta.worker, beta.install),
    }


def test_the_workers_reserve_and_confirm(accompanist: Any) -> None:
    saga = accompanist.saga(reserve_all, workers=workers(accompanist), arguments={"request": Request("ann", 2)}).run()
    assert saga.outcome == "settled"
    assert isinstance(saga.result, Confirmation)


def test_too_much_is_declined_and_all_is_released(accompanist: Any) -> None:
    saga = accompanist.saga(reserve_all, workers=workers(accompanist), arguments={"request": Request("ann", 11)}).run()
    assert saga.outcome == "ended"
    assert "alpha.release" in saga.ledger
