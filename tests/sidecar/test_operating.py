"""An operator's verb for a waiting session: it is checked where it is given, and heard at every role."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import msgspec
import pytest

from accompanist.errors import AccompanistError
from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.answers import Fault, Reused
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery, Memory, Phase, ResultKind, SessionRow
from accompanist.runtime.session import Session
from accompanist.sidecar.api.operators import Operators
from accompanist.sidecar.api.standing import exits_of
from accompanist.sidecar.sessions.asking import Asking
from accompanist.sidecar.sessions.tasks import Tasks
from tests.runtime import sagas
from tests.runtime.test_undone import Owner, said
from tests.sidecar.harness import Hosted, Services


def divides() -> dict[str, RoleProgram]:
    """a commits, and an expression of it fails then, while b waits for what comes of that."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        yield Send("2", "b", done)
        back = yield Receive("4", "b", int)
        final = yield Call("5", "finish", {"value": back}, int)
        share = 100 // (final - final)
        yield Send("6", "b", share)
        return share

    def b() -> Program:
        got = yield Receive("2", "a", int)
        tried = yield Call("3", "try_it", {"value": got}, int)
        yield Send("4", "a", tried)
        yield Receive("6", "a", int)
        return None

    a_offers = sagas.transaction("do") + sagas.transaction("finish", None)
    roles = {"a": (a, a_offers, {"b"}), "b": (b, sagas.transaction("try_it"), {"a"})}
    return sagas.saga(roles, commit_role="a", after_commit={"a": {"6"}, "b": {"6"}})


def tells() -> dict[str, RoleProgram]:
    """One role: a transaction, and one that may not be declined, which answers a truth value."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        told = yield Call("2", "tell", {"value": done}, bool)
        return int(told)

    offers = [*sagas.transaction("do", None), *sagas.transaction("tell", None, retriable=True)]
    return sagas.saga({"a": (a, offers, set())}, commit_role="a", after_commit={"a": {"2"}})


async def parked(services: Services, session: UUID, role: str = "a") -> SessionRow:
    async with asyncio.timeout(20):
        while True:
            [memory] = await services.sidecars[role].log.load([(session, role)])
            if memory.session is not None and memory.session.parked is not None:
                return memory.session
            await asyncio.sleep(0)  # a turn of the loop, not a time


async def in_the_log(services: Services, session: UUID) -> SessionRow:
    [memory] = await services.sidecars["a"].log.load([(session, "a")])
    assert memory.session is not None
    return memory.session


def operators(services: Services, role: str = "a") -> Operators:
    sidecar = services.sidecars[role]

    async def deliver(message: Message) -> Delivery:
        [delivery] = await sidecar.flusher.commit(Commit(shard=None, messages=(message,)))
        sidecar.intake.wake()
        return delivery

    hosted: Any = Hosted(services.programs[role])
    return Operators(role, hosted, sidecar.log, deliver, lambda session, role: None)


async def say(services: Services, session: UUID, verb: str, role: str = "a", **more: Any) -> dict[str, str]:
    asked = {"session": str(session), "role": role, "verb": verb, "who": "ann", "why": "to see", **more}
    params = {n: msgspec.Raw(msgspec.json.encode(v)) for n, v in asked.items()}
    answer: dict[str, str] = msgspec.json.decode(await operators(services, role).operate(params, None))
    return answer


async def refused(services: Services, session: UUID, verb: str, role: str = "a", **more: Any) -> AccompanistError:
    [memory] = await services.sidecars[role].log.load([(session, role)])
    with pytest.raises(AccompanistError) as problem:
        await say(services, session, verb, role, **more)
    [after] = await services.sidecars[role].log.load([(session, role)])
    assert after.inbox == memory.inbox, "what was refused is not in the log"
    return problem.value


async def test_a_saga_that_is_ended_by_hand_ends_at_every_role_and_keeps_what_was_done() -> None:
    services = Services(divides())
    session = await services.start()
    await parked(services, session)
    assert (await refused(services, session, "resolve", value=1)).code == "ACC722"
    await say(services, session, "end")
    row = await services.end(session)
    assert (row.outcome, row.reason) == ("ended", "ended by hand at a (ann: to see)")
    await services.over("b", session)
    assert services.effects(session) == {"do": 1, "try_it": 1, "finish": 1}


async def test_a_role_that_crashes_after_the_end_was_said_ends_all_the_same() -> None:
    """The order is heard once; what follows from it is found in the row."""
    services = Services(divides())
    session = await services.start()
    await parked(services, session)
    services.workers["a"].turns = 50
    await say(services, session, "end")
    while not (await in_the_log(services, session)).granted:  # noqa: ASYNC110
        await asyncio.sleep(0)
    services.add("a")
    assert (await services.end(session)).outcome == "ended"
    assert services.effects(session) == {"do": 1, "try_it": 1, "finish": 1}


async def test_a_value_is_read_as_the_type_of_the_operation_before_it_is_recorded() -> None:
    services = Services(tells())
    services.workers["a"].answers = []
    session = await stuck_at_tell(services)
    for value in ({}, {"value": None}, {"value": "yes"}, {"value": 1}):
        problem = await refused(services, session, "resolve", **value)
        assert problem.code == "ACC723" and "bool" in problem.text
    await say(services, session, "resolve", value=True)
    assert (await services.end(session)).result == b"1"


async def stuck_at_tell(services: Services) -> UUID:
    """Parked, because the worker knows the key with other arguments."""
    worker = services.workers["a"]
    plain = worker.call

    async def call(method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Any:
        return Reused("2") if method == "tell" else await plain(method, arguments, meta, timeout_ms)

    worker.call = call  # type: ignore[method-assign]
    session = await services.start()
    await parked(services, session)
    return session


@pytest.mark.parametrize(("verb", "more"), [("skip", {}), ("park", {}), ("retry", {"value": 1})])
async def test_a_verb_that_does_not_apply_is_refused_with_those_that_do(verb: str, more: dict[str, Any]) -> None:
    services = Services(tells())
    session = await stuck_at_tell(services)
    problem = await refused(services, session, verb, **more)
    if more:
        assert problem.code == "ACC723"
    else:
        assert problem.code == "ACC722" and problem.hint == "what can be done: resume, retry, resolve, end"


async def test_a_verb_for_a_session_that_was_collected_meanwhile_was_not_taken() -> None:
    services = Services(tells())
    session = await stuck_at_tell(services)
    operating = operators(services)

    async def closed(message: Message) -> Delivery:
        return Delivery.CLOSED

    operating._deliver = closed  # type: ignore[assignment]
    asked = {"session": str(session), "role": "a", "verb": "retry", "who": "ann", "why": "to see"}
    with pytest.raises(AccompanistError, match="is over at a, and was collected") as problem:
        await operating.operate({name: msgspec.Raw(msgspec.json.encode(one)) for name, one in asked.items()}, None)
    assert problem.value.code == "ACC717"


async def test_what_can_be_done_is_shown_with_the_session() -> None:
    services = Services(tells())
    session = await stuck_at_tell(services)
    [memory] = await services.sidecars["a"].log.load([(session, "a")])
    assert exits_of(Hosted(services.programs["a"]), "a", memory) == {
        "role": "a",
        "verbs": ["resume", "retry", "resolve", "end"],
        "value": {"site": "2", "of": "tell", "type": "bool"},
        "site": "2",
    }


def tells_twice() -> dict[str, RoleProgram]:
    """One role: a transaction, and two that may not be declined."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        yield Call("2", "tell", {"value": done}, int)
        yield Call("3", "say", {"value": done}, int)
        return done

    may_not = [*sagas.transaction("tell", None, retriable=True), *sagas.transaction("say", None, retriable=True)]
    offers = [*sagas.transaction("do", None), *may_not]
    return sagas.saga({"a": (a, offers, set())}, commit_role="a", after_commit={"a": {"2", "3"}})


class Away:
    """A worker that is away for some of its operations."""

    def __init__(self, services: Services, *operations: str) -> None:
        self._worker = services.workers["a"]
        self._call = self._worker.call
        self.away, self.asked = set(operations), []  # type: ignore[var-annotated]
        self._worker.call = self.call  # type: ignore[method-assign]

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Any:
        self.asked.append(method)
        if method not in self.away:
            return await self._call(method, arguments, meta, timeout_ms)
        await asyncio.sleep(0)
        return Fault("nobody is there", away=True)

    async def until(self, method: str) -> None:
        while method not in self.asked:  # noqa: ASYNC110
            await asyncio.sleep(0)

    async def back(self, operation: str) -> None:
        self.away.discard(operation)
        for _ in range(100):
            await asyncio.sleep(0)


async def test_what_a_person_has_given_by_hand_is_not_asked_for_any_more() -> None:
    """The worker is away, somebody does its work by hand and says so; then it is back, and is not to do it again."""
    services = Services(tells_twice())
    worker = Away(services, "tell", "say")
    session = await services.start()
    await worker.until("tell")
    await say(services, session, "park")
    await parked(services, session)
    await say(services, session, "resolve", value=1)
    await worker.until("say")
    await worker.back("tell")
    assert services.effects(session) == {"do": 1}
    await worker.back("say")
    assert (await services.end(session)).outcome == "settled"
    assert services.effects(session) == {"do": 1, "say": 1}


async def test_what_is_parked_is_not_asked_for_until_it_goes_on() -> None:
    """It may be that somebody does it by hand just now."""
    services = Services(tells_twice())
    worker = Away(services, "tell", "say")
    session = await services.start()
    await worker.until("tell")
    await say(services, session, "park")
    await parked(services, session)
    await worker.back("tell")
    assert services.effects(session) == {"do": 1}
    worker.away.clear()
    await say(services, session, "resume")
    assert (await services.end(session)).outcome == "settled"
    assert services.effects(session) == {"do": 1, "tell": 1, "say": 1}


async def test_a_compensation_that_was_done_by_hand_is_not_asked_for_any_more() -> None:
    services = Services(sagas.ring(), declines="finish")
    worker = Away(services, "undo_do")
    session = await services.start()
    await worker.until("undo_do")
    await say(services, session, "park")
    await parked(services, session)
    assert await say(services, session, "skip") == {"session": str(session), "role": "a", "verb": "skip", "site": "1"}
    await worker.back("undo_do")
    assert (await services.end(session)).outcome == "ended"
    log = services.sidecars["a"].log
    assert [audit.verb for audit in await log.audits()] == ["skip at 1", "park"], "and so do those who look later"
    assert services.effects(session)["do"] == 1  # as far as the worker knows


async def test_a_question_is_asked_once_although_another_of_its_session_was_answered_meanwhile() -> None:
    asked: list[str] = []
    answers = {site: asyncio.Event() for site in ("1", "2")}

    async def ask(session: Session, call: Any, cause: object) -> None:
        asked.append(call.site)
        await answers[call.site].wait()

    nothing: Any = None
    asking = Asking(nothing, Tasks(lambda key, problem: None), nothing, nothing, lambda: True)
    asking._ask = ask  # type: ignore[method-assign]
    session = Session(tells()["a"], SessionRow(header=sagas.HEADER, role="a", phase=Phase.UNDOING))
    for site in ("1", "2"):
        asking.ask(session, CallWorker(site, ResultKind.COMPENSATE, "do", b"{}"), {})
    [first, second] = asking._under_way[session]
    answers["1"].set()
    await first
    await asyncio.sleep(0)  # a turn of the loop, not a time
    asking.ask(session, CallWorker("2", ResultKind.COMPENSATE, "do", b"{}"), {})
    answers["2"].set()
    await second
    await asyncio.sleep(0)
    assert (asked, asking._under_way) == (["1", "2"], {})


async def test_a_question_that_is_still_being_asked_is_asked_once() -> None:
    """Two loops would be two effects at a worker without a fence."""
    services = Services(tells_twice())
    worker = Away(services, "tell")
    session = await services.start()
    await worker.until("tell")
    live = services.sidecars["a"].driver.session(session, "a")
    assert live is not None
    asking = services.sidecars["a"].driver.asking
    [call] = [call for call in asking._under_way[live].values() if isinstance(call, CallWorker)]
    asking.ask(live, call, {})
    assert len(asking._under_way[live]) == 1
    worker.away.clear()
    assert (await services.end(session)).outcome == "settled"
    assert worker.asked.count("say") == 1


def test_where_a_role_is_undone_after_the_commit_point_the_exits_name_end() -> None:
    """The initiator has done its part, and its program does not run any more."""
    owner = Owner()
    owner.ships()
    owner.hear(said("b", "a", kind=Kind.COMPENSATED))
    row = owner.session.durable_row
    assert row.phase is Phase.DONE
    memory = Memory(session=row, inbox=tuple(owner.inbox), results=tuple(owner.results))
    shown = exits_of(Hosted(owner.programs["a"]), "a", memory)
    assert shown == {"role": "a", "verbs": ["resume", "retry", "end"]}
