"""Sagas in a user's own pytest: one process, fake workers, faults where the test wants them.

    from accompanist.testing import Saga

    def test_a_customer_who_cannot_pay() -> None:
        saga = Saga("workers/orders/choreography.py").decline("payment.charge", "no funds").run()
        assert saga.outcome == "ended" and saga.reason == "no funds"
        assert saga.ledger == ["warehouse.reserve", "warehouse.release"]

    def test_every_schedule() -> None:
        Saga("workers/orders/choreography.py", workers={"payment": Till(100)}).explore(crashes=1)

What runs is what the sidecar runs: the projections and the session cores. The log, the messages and the fence are
values in memory. `run` follows one schedule, always the same; `explore` follows them all, within a bound.

Not promised: anything about a real worker or its database. Test those where they are.
"""

from accompanist.language.direct import Declined
from accompanist.testing.saga import Saga

__all__ = ["Declined", "Saga"]
