"""A parked session goes on under a version in which the failure is corrected, if that version has the same past."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

import pytest

from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.answers import Answer, Reused
from accompanist.runtime.messages import Header
from accompanist.runtime.ports import Phase
from accompanist.runtime.session import Session
from accompanist.sidecar.api.rehosting import fitting
from accompanist.sidecar.api.standing import exits_of
from tests.runtime import sagas
from tests.sidecar import test_operating
from tests.sidecar.harness import Hosted, Services
from tests.sidecar.test_operating import divides, in_the_log, parked, refused, say


def version(fingerprint: str, of: RoleProgram, function: Callable[..., Program] | None = None) -> RoleProgram:
    return replace(of, choreography=replace(of.choreography, fingerprint=fingerprint), function=function or of.function)


def mended(value: int) -> Program:
    """a of `divides`, with the expression that failed as it should have been."""
    done = yield Call("1", "do", {"value": value}, int)
    yield Send("2", "b", done)
    back = yield Receive("4", "b", int)
    final = yield Call("5", "finish", {"value": back}, int)
    yield Send("6", "b", final)
    return final


def other_arguments(value: int) -> Program:
    done = yield Call("1", "do", {"value": value}, int)
    yield Send("2", "b", done)
    back = yield Receive("4", "b", int)
    final = yield Call("5", "finish", {"value": back + 1}, int)
    return final


def other_message(value: int) -> Program:
    done = yield Call("1", "do", {"value": value}, int)
    yield Send("2", "b", done + 1)
    back = yield Receive("4", "b", int)
    yield Call("5", "finish", {"value": back}, int)
    return 0


def sooner(value: int) -> Program:
    """It says something that the other version has not said."""
    done = yield Call("1", "do", {"value": value}, int)
    yield Send("1a", "b", done)
    yield Send("2", "b", done)
    return 0


def fails_sooner(value: int) -> Program:
    yield Call("1", "do", {"value": value}, int)
    raise ValueError


class Several(Hosted):
    """Several versions of one role's program; the first is the one that sessions began with."""

    def __init__(self, *programs: RoleProgram) -> None:
        super().__init__(programs[0])
        self._by = {program.choreography.fingerprint: program for program in programs}
        self.choreographies = {"test": programs[-1].choreography}

    def program(self, header: Header, role: str) -> RoleProgram | None:
        return self._by.get(header.fingerprint) if role == self._program.role else None

    def playing(self, role: str) -> list[RoleProgram]:
        return list(self._by.values())


def host(services: Services, monkeypatch: pytest.MonkeyPatch, *more: RoleProgram) -> Several:
    hosted = Several(services.programs["a"], *more)
    driver = services.sidecars["a"].driver
    driver._programs = driver._recovery._programs = hosted
    monkeypatch.setattr(test_operating, "Hosted", lambda program: hosted)
    return hosted


async def begun(services: Services) -> UUID:
    session = await services.start()
    await parked(services, session)
    return session


async def test_it_goes_on_where_it_stood_and_nothing_is_done_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(divides())
    hosted = host(services, monkeypatch, version("g", services.programs["a"], mended))
    session = await begun(services)
    [memory] = await services.sidecars["a"].log.load([(session, "a")])
    assert exits_of(hosted, "a", memory)["versions"] == ["g"]
    await say(services, session, "rehost")
    row = await services.end(session)
    assert (row.outcome, row.hosted, row.header.fingerprint) == ("settled", "g", "f")
    await services.row("b", session, Phase.SETTLED)
    assert services.effects(session) == {"do": 1, "try_it": 1, "finish": 1}
    assert services.workers["a"].calls == ["do", "finish"]


async def test_it_stays_with_that_version_after_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(divides())
    program = version("g", services.programs["a"], mended)
    hosted = host(services, monkeypatch, program)
    session = await begun(services)
    monkeypatch.setattr("tests.sidecar.harness.Hosted", lambda program: hosted)
    services.sidecars["a"].driver.holding.hold({})  # it is going: what it hears it drops
    await say(services, session, "rehost", value="g")
    services.now += 60
    services.add("a")
    assert (await services.end(session)).outcome == "settled"
    assert (await in_the_log(services, session)).hosted == "g"


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (other_arguments, "call finish at 5"),
        (other_message, "send to b at 2"),
        (sooner, "send to b at 2 comes first; the other version has send to b at 1a"),
        (fails_sooner, "it stops before send to b at 2"),
    ],
)
async def test_a_version_with_another_past_is_refused(
    monkeypatch: pytest.MonkeyPatch, function: Callable[..., Program], why: str
) -> None:
    services = Services(divides())
    host(services, monkeypatch, version("g", services.programs["a"], function))
    session = await begun(services)
    problem = await refused(services, session, "rehost", value="g")
    assert problem.code == "ACC724" and why in problem.text


async def test_a_version_that_is_not_there_or_is_its_own_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(divides())
    session = await begun(services)
    assert (await refused(services, session, "rehost", value="g")).code == "ACC722"
    host(services, monkeypatch, version("g", services.programs["a"], mended))
    for named in ("h", "f"):
        problem = await refused(services, session, "rehost", value=named)
        assert problem.code == "ACC724" and problem.hint == "there are: g"
        assert problem.text.endswith("is the one it runs on, or none that is hosted here")


async def test_a_beginning_that_several_versions_have_names_none(monkeypatch: pytest.MonkeyPatch) -> None:
    services = Services(divides())
    host(services, monkeypatch, *(version(name, services.programs["a"], mended) for name in ("g1", "g2")))
    session = await begun(services)
    problem = await refused(services, session, "rehost", value="g")
    assert problem.code == "ACC724" and problem.text.endswith("names several versions")
    await say(services, session, "rehost", value="g2")
    assert (await services.end(session)).hosted == "g2"


def whole(change: Callable[[Any], Any]) -> RoleProgram:
    made = version("g", divides()["a"], mended)
    return replace(made, choreography=change(made.choreography))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: replace(c, commit_role="b"), "its commit point or its result is at another role"),
        (lambda c: replace(c, roles=("a", "b", "c")), "it has other roles"),
        (
            lambda c: replace(c, projections=c.projections | {"b": replace(c.projections["b"], digest="?")}),
            "it changes the program of b, too",
        ),
    ],
)
def test_a_version_that_changes_more_than_this_role_is_refused(change: Callable[[Any], Any], why: str) -> None:
    session = cast(Session, type("S", (), {"program": divides()["a"], "role": "a", "passes": lambda self, one: ""})())
    assert fitting(Several(divides()["a"], whole(change)), session) == {"g": why}


async def test_where_a_call_is_open_the_other_version_comes_to_that_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its worker may have done it."""

    def open_call(value: int) -> Program:
        yield Call("1", "do", {"value": value}, int)
        return 0

    def renamed(value: int) -> Program:
        yield Call("1", "do", {"value": value + 1}, int)
        return 0

    def longer(value: int) -> Program:
        yield Call("1", "do", {"value": value}, int)
        yield Call("2", "do", {"value": value}, int)
        return 0

    program = sagas.saga({"a": (open_call, sagas.transaction("do"), set())}, commit_role=None)["a"]
    services = Services({"a": program})
    worker = services.workers["a"]

    async def call(method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        return Reused("1")

    worker.call = call  # type: ignore[method-assign]
    host(services, monkeypatch, version("g", program, renamed), version("h", program, longer))
    session = await begun(services)
    problem = await refused(services, session, "rehost", value="g")
    assert problem.text.endswith("call do at 1 is open; the other version does not come to it")
    await say(services, session, "rehost", value="h")
