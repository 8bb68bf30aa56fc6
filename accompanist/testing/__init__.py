"""Runs sagas in a user's own pytest: in one process, without a sidecar, with faults where the test wants them.

    from accompanist.testing import Saga

    def test_a_customer_who_cannot_pay() -> None:
        saga = Saga("workers/orders/choreography.py").decline("payment.charge", "no funds").run()
        assert saga.outcome == "ended" and saga.reason == "no funds"
        assert saga.ledger == ["warehouse.reserve", "warehouse.release"]

    def test_every_schedule() -> None:
        Saga("workers/orders/choreography.py", workers={"payment": Till(100)}).explore(crashes=1)

    def test_the_real_payment(accompanist) -> None:      # a fixture of the plugin, with a throw-away Postgres
        real = accompanist.serve(payment.worker, payment.install)
        saga = accompanist.saga(fulfil_order, workers={"payment": real}).crash("payment", "after call").run()
        assert saga.outcome == "settled"

It runs the same projections and session cores as the sidecar. The log, the messages and the fence of a fake are values
in memory. `run` follows one schedule, determined by the seed; `explore` follows every schedule within a bound.

Not tested: the rest of the sidecar, its log in Postgres, and concurrent sagas.

What it imports. `simulation`, for fakes of workers and for the search; `runtime` and `language`, which it runs;
`worker` and `rpc`, for tests with a real worker. pytest is imported by the plugin alone, and each name below when it is
asked for, since the plugin is loaded in every run of pytest where the package is installed.

Where to begin.
    accompanist/testing/saga.py    the interface for tests
    accompanist/testing/stage.py   the simulated environment: queue, clock, log and messages
    accompanist/testing/script.py  faults, and when each is injected
    accompanist/testing/real.py    workers in their own process, with their own Postgres
    accompanist/testing/plugin.py  the fixture `accompanist`
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from accompanist.language.direct import Declined
    from accompanist.testing.real import Real, Served, serve
    from accompanist.testing.saga import Saga
    from accompanist.testing.throwaway import Postgres, postgres

__all__ = ["Declined", "Postgres", "Real", "Saga", "Served", "postgres", "serve"]

_WHERE = {
    "Declined": "accompanist.language.direct",
    "Postgres": "accompanist.testing.throwaway",
    "Real": "accompanist.testing.real",
    "Saga": "accompanist.testing.saga",
    "Served": "accompanist.testing.real",
    "postgres": "accompanist.testing.throwaway",
    "serve": "accompanist.testing.real",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use, because every pytest loads the plugin where the package is installed."""
    if name not in _WHERE:
        raise AttributeError(f"accompanist.testing has no {name}")
    return getattr(import_module(_WHERE[name]), name)
