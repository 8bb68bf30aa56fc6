"""An exception in a message type's own code affects its own session only.

That holds at every border where such code runs, whatever it raises, `BaseException` included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec
import pydantic
import pytest

from accompanist import limits
from accompanist.language.program.operations import Abort, Call, Program, Receive, Send
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.runtime.answers import Replied
from accompanist.runtime.ports import Commit, Parked, Phase
from accompanist.runtime.running import ForwardRun
from accompanist.runtime.saga import StepOutcome
from tests.runtime import sagas
from tests.runtime.test_operate import order
from tests.sidecar.harness import Services, of

RAISED: list[BaseException] = []
"""What the types below raise when they are looked at, if anything."""


class Unheard(BaseException):
    """One that nobody catches by name, and that cannot even be shown."""

    def __str__(self) -> str:
        raise RuntimeError("not to be shown")


KINDS = [AssertionError, KeyError, ZeroDivisionError, StopIteration, RuntimeError, SystemExit, KeyboardInterrupt]
PROBLEMS = [*(kind("a payload") for kind in KINDS), GeneratorExit(), Unheard()]


def looked_at() -> None:
    if RAISED:
        raise RAISED[0]


def made() -> int:
    looked_at()
    return 1


@dataclass(frozen=True)
class Checked:
    pieces: int

    def __post_init__(self) -> None:
        looked_at()


@dataclass(frozen=True)
class Defaulted:
    pieces: int
    more: int = field(default_factory=made)


class Struct(msgspec.Struct, frozen=True):
    pieces: int

    def __post_init__(self) -> None:
        looked_at()


class Model(pydantic.BaseModel):
    pieces: int

    @pydantic.field_validator("pieces")
    @classmethod
    def _fits(cls, value: int) -> int:
        looked_at()
        return value


class Written(pydantic.BaseModel):
    pieces: int

    @pydantic.field_serializer("pieces")
    def _plain(self, value: int) -> int:
        looked_at()
        return value


@dataclass
class Shown:
    pieces: int

    def __getattribute__(self, name: str) -> Any:
        if name == "pieces":
            looked_at()
        return object.__getattribute__(self, name)


class Odd(str):
    """A word whose comparison and hash are its own."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        looked_at()
        return str.__eq__(self, other)

    def __hash__(self) -> int:
        looked_at()
        return str.__hash__(self)


@pytest.fixture(params=PROBLEMS, ids=lambda problem: type(problem).__name__)
def problem(request: pytest.FixtureRequest) -> BaseException:
    found: BaseException = request.param
    return found


@pytest.fixture(autouse=True)
def nothing_raised() -> Any:
    yield
    RAISED.clear()


# -- the codec -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Checked, Defaulted, Struct, Model])
def test_reading_a_value_fails_with_a_code_whatever_its_type_raises(kind: Any, problem: BaseException) -> None:
    data = b'{"pieces":1}'
    assert codec.decode(data, kind).pieces == 1
    RAISED.append(problem)
    for nested, payload in ((kind, data), (list[kind], b"[" + data + b"]")):
        with pytest.raises(codec.DecodeError) as caught:
            codec.decode(payload, nested)
        assert caught.value.code in (codec.OWN_CODE, codec.MISFIT)
        assert "a payload" not in caught.value.text
        assert caught.value.code == codec.MISFIT or type(problem).__name__ in caught.value.text


@pytest.mark.parametrize("value", [Written(pieces=1), Shown(1)], ids=["a pydantic model", "a field that is read"])
def test_writing_a_value_fails_with_a_code_whatever_its_type_raises(value: Any, problem: BaseException) -> None:
    RAISED.append(problem)
    with pytest.raises(codec.EncodeError) as caught:
        codec.encode(value)
    assert caught.value.code == codec.OWN_CODE
    assert "a payload" not in caught.value.text


# -- a program -----------------------------------------------------------------------------------------


def asks(returns: Any) -> Callable[..., Program]:
    """Calls, and is replied a value of that type."""

    def answered(value: int) -> Program:
        yield Call("1", "count", {"value": value}, returns)
        return value

    return answered


def computes(value: int) -> Program:
    done = yield Call("1", "count", {"value": value}, int)
    looked_at()  # as a pure function would, or a local expression
    return done


def compares(value: int) -> Program:
    done = yield Call("1", "count", {"value": value}, int)
    return done if Odd("a") == "b" or {Odd("a"): 1} else 0


def sends(value: int) -> Program:
    yield Call("1", "count", {"value": value}, int)
    yield Send("2", "b", Written(pieces=value))
    return value


def calls(value: int) -> Program:
    done = yield Call("1", "count", {"value": value}, int)
    yield Call("2", "count", {"value": Written(pieces=value)}, int)
    return done


def ends(value: int) -> Program:
    yield Call("1", "count", {"value": value}, int)
    return Written(pieces=value)


def alone(a: Callable[..., Program]) -> dict[str, RoleProgram]:
    return sagas.saga({"a": (a, sagas.transaction("count"), set())}, commit_role=None)


BORDERS = {
    "a reply that its __post_init__ refuses": asks(Checked),
    "a reply whose default cannot be made": asks(Defaulted),
    "a reply that its struct refuses": asks(Struct),
    "a reply that its model refuses": asks(Model),
    "a local expression": computes,
    "a comparison and a hash": compares,
    "an argument that cannot be written": calls,
    "a message that cannot be written": sends,
    "a result that cannot be written": ends,
}


@pytest.mark.parametrize("border", BORDERS.values(), ids=list(BORDERS))
async def test_what_is_raised_at_a_border_undoes_its_saga(
    border: Callable[..., Program], problem: BaseException
) -> None:
    RAISED.append(problem)
    services = Services(alone(border))
    if border.__name__ == "answered":
        services.workers["a"].answers = [Replied(b'{"pieces":-1}')]
    session = await services.start()
    row = await services.end(session)
    assert row.outcome == "ended"
    assert row.reason is not None and "a payload" not in row.reason
    assert row.parked is None


async def test_a_message_that_its_own_type_refuses_does_not_stop_the_inbox(problem: BaseException) -> None:
    def b() -> Program:
        stock = yield Receive("2", "a", Checked)
        yield Send("3", "a", stock.pieces)
        return None

    def a(value: int) -> Program:
        done = yield Call("1", "do", {"value": value}, int)
        yield Send("2", "b", {"pieces": done})
        got = yield Receive("3", "b", int)
        return got

    services = Services(sagas.saga({"a": (a, sagas.transaction("do"), {"b"}), "b": (b, [], {"a"})}, commit_role=None))
    assert (await services.end(await services.start())).outcome == "settled"
    RAISED.append(problem)
    assert (await services.end(await services.start())).outcome == "ended"
    RAISED.clear()
    assert (await services.end(await services.start())).outcome == "settled"


async def test_it_is_found_again_by_whoever_takes_the_session_over(problem: BaseException) -> None:
    """What it led to is stable; the next owner of the shard decides nothing else."""
    RAISED.append(problem)
    services = Services(alone(asks(Checked)))
    services.workers["a"].answers = [Replied(b'{"pieces":-1}')]
    services.workers["a"].turns = 50
    session = await services.start()
    await services.row("a", session, Phase.RUNNING)
    services.now += limits.lease_ms / 1000 + 1
    services.add("a")
    assert (await services.end(session)).outcome == "ended"


@pytest.mark.parametrize("reason", ["\ud800", None, 3, ["a payload"], "x" * 10_000], ids=repr)
async def test_a_reason_that_no_log_could_hold_is_given_in_words(reason: Any) -> None:
    def a(value: int) -> Program:
        yield Call("1", "count", {"value": value}, int)
        yield Abort("2", reason)
        return None

    services = Services(alone(a))
    row = await services.end(await services.start())
    assert row.outcome == "ended"
    assert row.reason is not None and len(row.reason.encode()) <= limits.reason_chars_max
    assert "a payload" not in row.reason


# -- what nobody foresaw ---------------------------------------------------------------------------------


async def parked(services: Services, session: UUID) -> Parked:
    """Why b's session is parked, once it is."""
    async with asyncio.timeout(20):
        while True:
            [memory] = await services.sidecars["b"].log.load([(session, "b")])
            if memory.session is not None and memory.session.parked is not None:
                return memory.session.parked
            await asyncio.sleep(0)  # a turn of the loop, not a time


@pytest.mark.slow
async def test_whatever_a_decision_raises_parks_its_session_and_no_other(
    monkeypatch: pytest.MonkeyPatch, problem: BaseException
) -> None:
    """Not only what a border knows: an error of our own, in the middle of an action."""
    services = Services(sagas.ring())
    broken = await services.start(value=41)
    real = ForwardRun.replied

    def replied(self: ForwardRun, event: Any) -> StepOutcome:
        outcome = real(self, event)
        if self._state.header.session == broken and self._state.role == "b":
            raise problem
        return outcome

    monkeypatch.setattr(ForwardRun, "replied", replied)
    other = await services.start(value=1)
    assert (await services.end(other)).outcome == "settled"
    row = await parked(services, broken)
    assert row.code == "ACC219"
    assert "a payload" not in row.text
    [memory] = await services.sidecars["b"].log.load([(broken, "b")])
    assert memory.results == (), "nothing of what broke off is written"
    [at_c] = await services.sidecars["c"].log.load([(broken, "c")])
    assert at_c.inbox == (), "and nothing has left"
    monkeypatch.setattr(ForwardRun, "replied", real)  # under a release that mends it
    resume = of(order("resume", receiver="b"), broken)
    await services.sidecars["b"].flusher.commit(Commit(shard=None, messages=(resume,)))
    assert (await services.end(broken)).outcome == "settled"
    assert services.effects(broken)["try_it"] == 1
