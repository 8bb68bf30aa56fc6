"""A message that one role of a service hands to another role of it, in memory, is new; the session may be old."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import pytest

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.burst import Burst
from accompanist.runtime.control import control
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Memory, Phase, SessionRow
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.freshness import shard_of
from tests.sidecar.test_versions import Deployment, Sidecar, deployment, until

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
    told = control(header, Kind.ABORT, "asker", "teller", "no more")
    await hand_over(desk, told)
    [memory] = await desk.log.load([key])
    assert memory.session is not None
    assert memory.session.phase is Phase.SETTLED
    assert desk.driver.session(*key) is None
    assert len(deployment.worker.asked) == asked
    await desk.stop()


async def hand_over(desk: Sidecar, message: Message) -> None:
    """To a role of this service, by another that is in memory."""
    program = desk.hosted.program(message.header, message.sender)
    assert program is not None
    sender = Session(program, SessionRow(header=message.header, role=message.sender, phase=Phase.RUNNING))
    sender.epoch = desk.driver.holding.epoch_of(message.session)
    await desk.driver._output._commit(sender, Burst(row=sender.row, messages=(message,)), (message,), {}, 0, False)
    await until(lambda: not desk.driver._tasks)


def begun(desk: Sidecar, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The roles that begin in memory from now on."""
    roles: list[str] = []
    begin = Session.begin

    def noted(program: RoleProgram, message: Message) -> Session:
        roles.append(message.receiver)
        return begin(program, message)

    monkeypatch.setattr(Session, "begin", noted)
    return roles


async def data_of(desk: Sidecar, session: UUID) -> Message:
    """What the teller was told by the asker."""
    [memory] = await desk.log.load([(session, "teller")])
    return next(message for message in memory.inbox if message.kind is Kind.DATA)


async def test_data_does_not_begin_a_session_that_is_over_in_the_log_alone(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its payloads are let go, so that the log does not know the message any more. It asked the worker again."""
    deployment.write(10)
    desk = await deployment.sidecar()
    deployment.worker.let_go.set()
    header = await desk.start(1)
    await deployment.end(header)
    await until(lambda: not desk.driver.holding.residences.live and not desk.driver._tasks)
    told = await data_of(desk, header.session)
    deployment.now += 10
    assert (await desk.log.lighten(1, 10))[0] == 2
    asked, roles = len(deployment.worker.asked), begun(desk, monkeypatch)
    await hand_over(desk, told)
    assert (roles, len(deployment.worker.asked)) == ([], asked)
    [memory] = await desk.log.load([(header.session, "teller")])
    assert memory.session is not None and memory.session.phase is Phase.SETTLED
    await desk.stop()


async def test_a_role_that_an_earlier_owner_began_is_looked_for_in_a_saga_that_starts_here(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A heavy commit of an initiator is written in parts, its row last. Where the owner of the shard dies in between,
    others may have answered the messages of a part already, to another role here, and the saga starts once more. That
    nothing of it has left memory says nothing of that role before the shard is swept."""
    deployment.write(10)
    desk = await deployment.sidecar()
    await until(lambda: desk.intake.ready)
    await desk.intake.stop()  # nothing is swept any more
    header = await desk.start(1)
    row = SessionRow(header=header, role="teller", phase=Phase.DONE, vote="done")
    epoch = desk.driver.holding.epoch_of(header.session)
    await desk.flusher.commit(Commit(shard=shard_of(header.session), epoch=epoch, session=row))
    deployment.worker.let_go.set()
    desk.driver.holding.look_again(header.session)  # as for a shard that was another's
    roles = begun(desk, monkeypatch)
    await desk.intake._take()
    await until(lambda: not desk.driver._tasks)
    assert roles == ["asker"]
    await desk.stop()


async def test_a_saga_that_starts_here_does_not_ask_the_log_for_its_other_roles(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it has left memory, so what is not there has not begun."""
    deployment.write(10)
    desk = await deployment.sidecar()
    await until(lambda: desk.intake.ready)
    asked: list[object] = []
    load = desk.log.load

    async def noted(keys: Sequence[tuple[UUID, str]], *, whole: bool = False) -> Sequence[Memory]:
        asked.extend(keys)
        return await load(keys, whole=whole)

    monkeypatch.setattr(desk.log, "load", noted)
    roles = begun(desk, monkeypatch)
    header = await desk.start(1)
    deployment.worker.let_go.set()
    await deployment.end(header)
    assert (asked, roles) == ([], ["asker", "teller"])
    await until(lambda: not desk.driver.holding.residences.live and not desk.driver._tasks)
    assert not desk.driver.holding._whole, "what is over is forgotten"
    await desk.stop()
