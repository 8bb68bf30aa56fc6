"""What one role of a service hands to another role of it, in memory, is news of the message and not of the session."""

from __future__ import annotations

from accompanist.runtime.burst import Burst
from accompanist.runtime.control import control
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import Phase, SessionRow
from accompanist.runtime.session import Session
from tests.sidecar.test_versions import Deployment, deployment, until

__all__ = ["deployment"]


async def test_an_abort_does_not_begin_a_session_that_is_over_in_the_log_alone(deployment: Deployment) -> None:
    """It was closed and undone at its worker, beside the row that says it is settled. Found by the simulation, with an
    initiator that said `settled` and `abort`."""
    deployment.write(10)
    desk = await deployment.sidecar()
    deployment.worker.let_go.set()
    header = await desk.start(1)
    key = (header.session, "teller")
    await deployment.end(header)
    await until(lambda: desk.driver.session(*key) is None and not desk.driver._tasks)
    asked = len(deployment.worker.asked)

    program = desk.hosted.program(header, "asker")
    assert program is not None
    asker = Session(program, SessionRow(header=header, role="asker", phase=Phase.UNDONE))
    asker.epoch = desk.driver.epoch_of(header.session)
    told = control(header, Kind.ABORT, "asker", "teller", "no more")
    await desk.driver._commit(asker, Burst(row=asker.row, messages=(told,)), {}, 0)
    await until(lambda: not desk.driver._tasks)
    [memory] = await desk.log.load([key])
    assert memory.session is not None
    assert memory.session.phase is Phase.SETTLED
    assert desk.driver.session(*key) is None
    assert len(deployment.worker.asked) == asked
    await desk.stop()
