"""The saga with fake workers, in one process: no Postgres, no sidecar."""

from __future__ import annotations

import pytest
from accompanist.testing import Saga

from project_name.choreography import reserve_all
from project_name.messages import Request

REQUEST = Request("ann", 2)
OTHERS = [
    "beta",
]


def test_what_is_reserved_is_confirmed() -> None:
    saga = Saga(reserve_all, arguments={"request": REQUEST}).run()
    assert saga.outcome == "settled"
    assert saga.ledger[-1] == "alpha.confirm"


@pytest.mark.parametrize("service", OTHERS)
def test_who_declines_undoes_all(service: str) -> None:
    saga = Saga(reserve_all, arguments={"request": REQUEST}).decline(f"{service}.reserve", "none left").run()
    assert (saga.outcome, saga.reason) == ("ended", "none left")
    done = [operation for operation in saga.ledger if operation.endswith(".reserve")]
    undone = [operation.replace(".release", ".reserve") for operation in saga.ledger if operation.endswith(".release")]
    assert sorted(done) == sorted(undone)


def test_a_sidecar_that_crashes_goes_on() -> None:
    saga = Saga(reserve_all, arguments={"request": REQUEST}).crash("alpha", "after call").run()
    assert saga.outcome == "settled"
    assert len(saga.ledger) == len(set(saga.ledger))
