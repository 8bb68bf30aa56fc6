"""Which retry policy a call has: its kind decides, the configuration adjusts it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from accompanist import limits
from accompanist.language.program.program import RoleProgram
from accompanist.language.tries import Tries
from accompanist.runtime.answers import Answer, Fault, Missing, Replied, RetryLater
from accompanist.runtime.backoff import COMPENSATION, FORWARD, RETRIABLE, RetryPolicy
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.events import CallAnswered, CloseAnswered, Event, Name, Undid
from accompanist.runtime.ports import ResultKind
from accompanist.sidecar.calls.attempts import Calls
from accompanist.sidecar.calls.retries import Retry, away_ms_of, policy_of
from accompanist.sidecar.tracing import Tracing
from accompanist.telemetry.spans import Telemetry
from tests.runtime import sagas
from tests.sidecar.harness import Services


def call(operation: str = "charge", kind: ResultKind = ResultKind.FORWARD, endless: bool = False) -> CallWorker:
    return CallWorker("1", kind, operation, b"{}", endless)


@pytest.mark.parametrize(
    ("asked", "policy"),
    [
        (call(), FORWARD),
        (call(endless=True), RETRIABLE),
        (call("refund", ResultKind.COMPENSATE), COMPENSATION),
    ],
)
def test_the_kind_of_a_call_decides(asked: CallWorker, policy: RetryPolicy) -> None:
    assert policy_of(asked, {}) == (policy, limits.call_timeout_ms)


def test_an_operation_is_adjusted_by_its_name_before_the_default() -> None:
    retries = {"charge": Retry(attempts_max=2, timeout_ms=70), "default": Retry(attempts_max=9, cap_ms=80)}
    assert policy_of(call(), retries) == (RetryPolicy(attempts_max=2), 70)
    assert policy_of(call("award"), retries) == (RetryPolicy(attempts_max=9, cap_ms=80), limits.call_timeout_ms)


def test_no_configuration_gives_a_budget_to_what_may_not_fail() -> None:
    policy, _ = policy_of(call(endless=True), {"charge": Retry(attempts_max=1)})
    assert policy.attempts_max is None


@pytest.mark.parametrize("name", Retry.__struct_fields__)
def test_a_number_of_the_configuration_is_at_least_one(name: str) -> None:
    """No attempt, or one that is not waited for, would be a call that is never made."""
    assert getattr(Retry(**{name: 1}), name) == 1
    with pytest.raises(ValueError, match=f"{name} is at least 1"):
        Retry(**{name: 0})


@pytest.mark.parametrize(("first_ms", "cap_ms"), [(0, 10), (20, 10)])
def test_a_back_off_begins_at_something_and_under_its_cap(first_ms: int, cap_ms: int) -> None:
    RetryPolicy(first_ms=10, cap_ms=10)
    with pytest.raises(ValueError, match="0 < first_ms <= cap_ms"):
        RetryPolicy(first_ms=first_ms, cap_ms=cap_ms)


DECLARED = Tries(attempts_max=3, first_ms=20, cap_ms=None, timeout_ms=900)


def test_what_the_role_declares_stands_under_its_name_and_over_the_default() -> None:
    assert policy_of(call(), {}, DECLARED) == (RetryPolicy(first_ms=20, attempts_max=3), 900)
    default = {"default": Retry(attempts_max=9, cap_ms=80)}
    assert policy_of(call(), default, DECLARED) == (RetryPolicy(first_ms=20, cap_ms=80, attempts_max=3), 900)
    named = {"charge": Retry(attempts_max=7), "default": Retry(cap_ms=80)}
    assert policy_of(call(), named, DECLARED) == (RetryPolicy(first_ms=20, attempts_max=7), 900)
    assert policy_of(call(endless=True), {}, DECLARED)[0].attempts_max is None


async def test_the_declaration_reaches_the_worker() -> None:
    services = Services(asked_twice())
    services.workers["b"].answers = [Fault("out of order")] * 2
    row = await services.end(await services.start())
    assert row.outcome == "ended"
    assert services.workers["b"].calls == ["try_it", "try_it", "accompanist.close"]


def asked_twice() -> dict[str, RoleProgram]:
    """The ring, in which what b does is declared to be tried twice."""
    programs = sagas.ring()
    b = programs["b"]
    operations = {
        name: replace(one, tries=Tries(attempts_max=2)) if name == "try_it" else one
        for name, one in b.projection.operations.items()
    }
    return programs | {"b": replace(b, projection=replace(b.projection, operations=operations))}


class Answers:
    """A worker that gives these answers in turn, and then its reply."""

    def __init__(self, answers: list[Answer]) -> None:
        self._answers = answers

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        return self._answers.pop(0) if self._answers else Replied(b"null")


async def at_once(seconds: float) -> None:
    """A wait that takes no time."""


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (Fault("no connection to the worker", silent=True), Name.UNDID),
        (RetryLater("its database is away"), Name.UNDID),
        (RetryLater("busy"), Name.UNDID),
        (Fault("the worker answered error -32000"), Name.STUCK),
    ],
)
async def test_a_worker_that_is_away_is_waited_for_and_one_that_fails_is_given_up(answer: Answer, name: Name) -> None:
    worker = Answers([answer] * (limits.compensation_attempts_max + 5))
    asked = Calls({"B": worker}, Tracing(Telemetry(), {}), sleep=at_once, chance=lambda: 0.0)
    event = await asked.ask(sagas.HEADER, "b", "B", call("refund", ResultKind.COMPENSATE), {})
    assert isinstance(event, Undid) and event.name is name


AWAY = Fault("no connection to the worker (FileNotFoundError)", silent=True, away=True)
CUT = Fault("the connection was closed", silent=True)


async def asked_of(answers: list[Answer], asked: CallWorker, **more: Any) -> Event:
    calls = Calls({"B": Answers(answers)}, Tracing(Telemetry(), {}), sleep=at_once, chance=lambda: 0.0, **more)
    return await calls.ask(sagas.HEADER, "b", "B", asked, {})


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (AWAY, Name.REPLIED),
        (CUT, Name.EXHAUSTED),
        (Fault("no answer within 10000 ms"), Name.EXHAUSTED),
        (RetryLater("its database is away"), Name.EXHAUSTED),
        (RetryLater("busy"), Name.REPLIED),
    ],
)
async def test_absence_spends_no_budget_and_what_was_read_does(answer: Answer, name: Name) -> None:
    event = await asked_of([answer] * (limits.call_attempts_max + 5), call())
    assert isinstance(event, CallAnswered) and event.name is name


async def test_what_was_read_is_counted_across_absences() -> None:
    answers: list[Answer] = [CUT, AWAY, AWAY] * (limits.call_attempts_max - 1)
    event = await asked_of(list(answers), call())
    assert isinstance(event, CallAnswered) and event.name is Name.REPLIED
    event = await asked_of([*answers, CUT], call())
    assert isinstance(event, CallAnswered) and event.name is Name.EXHAUSTED


class Minutes:
    """A clock of which each look takes a minute."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 60.0
        return self.now


@pytest.mark.parametrize(
    ("away", "name"),
    [(5, Name.REPLIED), (12, Name.EXHAUSTED)],
)
async def test_an_operation_may_say_how_long_its_worker_may_be_away(away: int, name: Name) -> None:
    retries = {"charge": Retry(away_ms=600_000)}
    event = await asked_of([AWAY] * away, call(), retries=retries, monotonic=Minutes())
    assert isinstance(event, CallAnswered) and event.name is name


async def test_a_worker_that_was_there_meanwhile_is_away_anew() -> None:
    answers: list[Answer] = [*[AWAY] * 8, CUT, *[AWAY] * 8]
    event = await asked_of(answers, call(), retries={"charge": Retry(away_ms=600_000)}, monotonic=Minutes())
    assert isinstance(event, CallAnswered) and event.name is Name.REPLIED


def test_how_long_is_said_by_the_role_and_over_it_by_the_configuration() -> None:
    declared = Tries(away_ms=5_000)
    assert away_ms_of(call(), {}) is None
    assert away_ms_of(call(), {"default": Retry(away_ms=7)}, declared) == 5_000
    assert away_ms_of(call(), {"charge": Retry(away_ms=7)}, declared) == 7
    assert away_ms_of(call(), {"default": Retry(away_ms=7)}) == 7


def test_what_may_not_fail_and_what_undoes_are_waited_for_whatever_is_said() -> None:
    retries = {"charge": Retry(away_ms=7)}
    assert away_ms_of(call(endless=True), retries) is None
    assert away_ms_of(call(kind=ResultKind.COMPENSATE), retries) is None


class Unfenced:
    """A worker without a fence: it has no close, and its one call ends when it is told to."""

    def __init__(self) -> None:
        self.asked, self.go_on, self.closing = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        if method == "accompanist.close":
            self.closing.set()
            return Missing(method)
        self.asked.set()
        await self.go_on.wait()
        return Replied(b"1")


async def test_without_a_fence_nothing_is_closed_while_a_call_is_under_way() -> None:
    worker = Unfenced()
    calls = Calls({"B": worker}, Tracing(Telemetry(), {}), sleep=at_once)
    asking = asyncio.create_task(calls.ask(sagas.HEADER, "b", "B", call(), {}))
    await worker.asked.wait()
    closing = asyncio.create_task(calls.close(sagas.HEADER, "b", "B", CloseWorker(None), {}))
    other = asyncio.create_task(calls.close(sagas.HEADER, "c", "B", CloseWorker(None), {}))
    await worker.closing.wait()
    assert await other == CloseAnswered(Name.CLOSED, None)
    assert not closing.done()
    worker.go_on.set()
    assert await closing == CloseAnswered(Name.CLOSED, None)
    assert await asking == CallAnswered("1", Name.REPLIED, b"1")
