"""Compensation and atomicity: defects 1, 5, 10, 16 and 28 of the reference implementation."""

from __future__ import annotations

import asyncio
from uuid import UUID

import orjson

from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.answers import Answer, Fault, Missing
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.control import CLIENT
from accompanist.runtime.events import CallAnswered, CloseAnswered, Name
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Executed, Phase, ResultKind
from accompanist.runtime.session import Session
from tests.runtime import sagas
from tests.runtime.test_replay import begun, memory
from tests.sidecar.harness import Services, Workers, of


def three_steps(value: int) -> Program:
    """The initiator does three things, the last of which declines."""
    first = yield Call("1", "first", {"value": value}, int)
    second = yield Call("2", "second", {"value": first}, int)
    last = yield Call("3", "last", {"value": second}, int)
    return last


def stepwise() -> dict[str, RoleProgram]:
    operations = [one for name in ("first", "second", "last") for one in sagas.transaction(name)]
    return sagas.saga({"a": (three_steps, operations, set())}, commit_role=None)


class Failing(Workers):
    """A worker one of whose compensations fails until it is mended."""

    broken = "undo_first"

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        if method != self.broken:
            return await super().call(method, arguments, meta, timeout_ms)
        self.calls.append(method)
        return Fault("a column is missing")


def retry(session: UUID) -> Message:
    payload = orjson.dumps({"verb": "retry", "who": "op", "why": "mended"})
    message = Message(
        header=sagas.HEADER, kind=Kind.OPERATOR, site="!operator/1", sender=CLIENT, receiver="a", payload=payload
    )
    return of(message, session)


async def test_a_compensation_that_fails_leaves_the_others_to_be_done() -> None:
    """Defect 1: the first compensation marked all of the session's as compensated; one that failed after it was never
    tried again. Planted: a mark for every entry of the list (`MarksAllAtOnce`)."""
    services = Services(stepwise(), "last")
    worker = Failing("a", services.programs, frozenset({"last"}))
    services.sidecars["a"].driver.asking._calls._workers = {"A": worker}  # type: ignore[dict-item]
    session = await services.start()
    async with asyncio.timeout(20):
        while (row := (await services.sidecars["a"].log.load([(session, "a")]))[0].session) is None or not row.parked:  # noqa: ASYNC110
            await asyncio.sleep(0)
    [found] = await services.sidecars["a"].log.load([(session, "a")])
    assert [one.site for one in found.results if one.kind is ResultKind.COMPENSATE] == ["2"]
    worker.broken = ""
    await services.post(retry(session))
    assert (await services.end(session)).outcome == "ended"
    assert worker.sessions[session].undone == ["2", "1"]


def test_a_crash_between_the_vote_and_a_compensation_forgets_none() -> None:
    """Defect 5: the failure and its compensations were two transactions, and recovery looked only at sessions that had
    not failed. Planted: a recovery that passes over sessions that are being undone."""
    programs = stepwise()
    session, asked = begun(programs, "a", sagas.start())
    answered = session.handle(_declined())
    done = (Executed("1", "first", b'{"value":1}'), Executed("2", "second", b'{"value":2}'))
    voted = session.handle(CloseAnswered(Name.CLOSED, done))
    assert voted.forced and voted.row.vote == "abort" and voted.row.phase is Phase.UNDOING
    again, bursts = Session.recover(programs["a"], memory(session, [sagas.start()], asked, answered, voted))
    assert [call for burst in bursts for call in burst.calls] == [CloseWorker()], "the fence knows what is left"
    calls = [call for call in again.handle(CloseAnswered(Name.CLOSED, done)).calls if isinstance(call, CallWorker)]
    assert [(call.operation, call.site) for call in calls] == [("undo_second", "2")]


def _declined() -> CallAnswered:
    return CallAnswered("1", Name.DECLINED, b'"no"')


async def test_an_operation_that_is_not_deployed_is_a_fault_of_that_call_alone() -> None:
    """Defect 10: a transaction that was renamed or not deployed raised in the consumer and took it down. Planted: an
    answer that the calls do not know."""
    services = Services(sagas.ring())
    services.workers["b"].answers = [Missing("try_it")] * 3
    one, other = await services.start(), await services.start()
    assert {(await services.end(session)).outcome for session in (one, other)} == {"settled"}
    assert services.workers["b"].calls.count("try_it") == 3 + 2


async def test_a_role_that_fails_for_any_reason_tells_the_others() -> None:
    """Defect 16: only the failure of a transaction was told; a role that died of another exception told nobody, and the
    others waited. Planted: `_fail` that parks, or an abort that is told to nobody."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        yield Send("2", "c", done)
        yield Send("3", "b", done)
        heard = yield Receive("5", "b", int)
        return heard

    def b() -> Program:
        got = yield Receive("3", "a", int)
        yield Receive("4", "c", int)
        yield Send("5", "a", 1 // (got - got))

    def c() -> Program:
        got = yield Receive("2", "a", int)
        last = yield Call("2c", "last", {"value": got}, int)
        yield Send("4", "b", last)
        yield Receive("6", "b", int)

    programs = sagas.saga(
        {
            "a": (a, sagas.transaction("do"), {"b", "c"}),
            "b": (b, [], {"a", "c"}),
            "c": (c, sagas.transaction("last"), {"b"}),
        },
        commit_role=None,
    )
    services = Services(programs)
    session = await services.start()
    row = await services.end(session)
    assert row.outcome == "ended" and "ZeroDivisionError" in (row.reason or "")
    assert services.effects(session) == {"do": 0, "last": 0}


async def test_an_abort_goes_to_those_that_may_have_been_reached_and_to_nobody_else() -> None:
    """Defect 28: a fault went to every service there was, each doing statements for it. Planted: an abort to all roles
    of the choreography."""

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        yield Send("2", "b", done)
        heard = yield Receive("3", "b", int)
        yield Send("4", "c", heard)
        return heard

    def b() -> Program:
        got = yield Receive("2", "a", int)
        tried = yield Call("2b", "try_it", {"value": got}, int)
        yield Send("3", "a", tried)

    def c() -> Program:
        yield Receive("5", "b", int)

    programs = sagas.saga(
        {
            "a": (a, sagas.transaction("do"), {"b"}),
            "b": (b, sagas.transaction("try_it"), {"a"}),
            "c": (c, [], set()),
        },
        commit_role=None,
    )
    services = Services(programs, "try_it")
    session = await services.start()
    assert (await services.end(session)).outcome == "ended"
    [found] = await services.sidecars["c"].log.load([(session, "c")])
    assert (found.session, found.inbox) == (None, ())
    assert not services.workers["c"].calls
