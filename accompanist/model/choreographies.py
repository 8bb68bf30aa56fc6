"""The calculus of choreographies: small steps over the normal form (docs/theory.md, section 2).

A configuration is what is left to do and the store: one value for each name, wherever it is owned. A step takes the
first statement that is left. Rules that let independent statements overtake one another are not needed where nothing is
aborted, because a role's view of a run does not depend on them (docs/theory.md, lemma 1). An abort stops one role; the
others go on as far as they do not need it, which is what overtaking comes to then.

A procedure runs over a store of its own; what is returned from it is bound where it was entered.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from accompanist.language.ir import (
    Abort,
    Again,
    Block,
    Enter,
    Expression,
    If,
    Invoke,
    Leave,
    Let,
    Loop,
    Move,
    Return,
    Statement,
    counters,
    named,
)
from accompanist.language.program.load import Provide, evaluate, namespace
from accompanist.language.program.program import Choreography
from accompanist.language.values import codec
from accompanist.language.words import Outcome
from accompanist.model.actions import ABORT, CALL, RECEIVE, SEND, Action, RunOutcome

Ask = Callable[[str, str, str, Mapping[str, Any]], tuple[str, Any]]
"""(role, site, operation, arguments) to ("replied", value) or ("declined", reason), the same for the same question."""
steps_max = 20_000
_lost: Any = object()


class NotInCalculus(Exception):
    """A statement that the calculus does not have."""


@dataclass(frozen=True, slots=True)
class Continuation:
    """Statements that are left in a block; `loop` if the block is that loop's body, `entered` if it is a procedure's,
    with the store and the way that are its caller's."""

    rest: Block
    loop: Loop | None = None
    entered: tuple[Enter, Mapping[str, Any], str] | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """A choreography under way. `views`: what each role has done; `stopped`: roles that were aborted or wait for one
    that was; `open`: roles of which it is not known any more what they do; `end`: the result, once there is one; `way`:
    through which procedures the run has come here."""

    frames: tuple[Continuation, ...]
    store: Mapping[str, Any]
    views: Mapping[str, tuple[Action, ...]]
    way: str = ""
    broadcast: int = 0
    aborted: bool = False
    stopped: frozenset[str] = frozenset()
    open: frozenset[str] = frozenset()
    end: tuple[Any] | None = None

    def goes(self, role: str) -> bool:
        return role not in self.stopped and role not in self.open

    def did(self, role: str, action: Action) -> Configuration:
        return replace(self, views={**self.views, role: (*self.views[role], action)})

    def knows(self, name: str | None, value: Any) -> Configuration:
        return self if name is None else replace(self, store={**self.store, name: value})

    def forgets(self, *names: str | None) -> Configuration:
        return replace(self, store={name: value for name, value in self.store.items() if name not in names})

    def opens(self) -> Configuration:
        """Nothing is known any more of whoever still goes on."""
        return replace(self, open=frozenset(self.views) - self.stopped)


@dataclass
class Calculus:
    """The rules for one choreography; `ask` answers its role calls."""

    choreography: Choreography
    ask: Ask
    module: Provide = importlib.import_module
    _names: dict[str, Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._names = namespace(self.choreography, self.module)

    def run(self, arguments: Mapping[str, Any]) -> RunOutcome:
        """Step until the end."""
        at = Configuration(
            (Continuation(self.choreography.normal),), dict(arguments), dict.fromkeys(self.choreography.roles, ())
        )
        for _ in range(steps_max):
            if at.end is not None:
                return self._told(at)
            at = self.step(at)
        raise NotInCalculus(f"no end after {steps_max} steps")

    def step(self, at: Configuration) -> Configuration:
        """One rule, by the first statement that is left."""
        frame = at.frames[-1]
        if not frame.rest:
            return replace(at, frames=at.frames[:-1])
        point = frame.rest[0]
        rest = replace(at, frames=(*at.frames[:-1], replace(frame, rest=frame.rest[1:])))
        return self._rule(rest, point)

    def _rule(self, at: Configuration, point: Statement) -> Configuration:
        match point:
            case Let(targets=targets, value=value, unpacked=unpacked):
                made = self._of(at, value)
                if made is _lost:
                    return at.forgets(*targets)
                return replace(at, store={**at.store, **dict(zip(targets, made if unpacked else (made,), strict=True))})
            case Invoke():
                return self._invoke(at, point) if at.goes(point.role) else at.forgets(point.target)
            case Move():
                return self._move(at, point)
            case If():
                return self._branch(at, point)
            case Loop(site=site, body=body):
                return replace(at.knows(named(site), 1), frames=(*at.frames, Continuation(body, point)))
            case Again():
                outer, loop = _out_of(at.frames)
                turn = at.store[named(loop.site)] + 1
                return replace(at.knows(named(loop.site), turn), frames=(*outer, Continuation(loop.body, loop)))
            case Leave():
                return replace(at, frames=_out_of(at.frames)[0])
            case Return(value=value):
                return self._returned(at, self._of(at, value))
            case Enter():
                return self._enter(at, point)
            case Abort(role=role, reason=reason):
                if at.goes(role):
                    at = at.did(role, Action(ABORT, "", codec.encode(self._of(at, reason))))
                    at = replace(at, aborted=True, stopped=at.stopped | {role})
                return replace(at.opens(), end=(None,))  # what the others do on is in no text: they merge with anything
        raise NotInCalculus(f"the calculus has no {type(point).__name__}")

    def _invoke(self, at: Configuration, point: Invoke) -> Configuration:
        operation = self.choreography.projections[point.role].operations[point.offer.name]
        arguments = {
            name: self._copy(self._of(at, value), operation.parameters[name]) for name, value in point.arguments
        }
        site = self._site(at, point.site)
        outcome, answer = self.ask(point.role, site, operation.name, arguments)
        at = at.did(point.role, Action(CALL, operation.name, codec.encode(arguments), site))
        if outcome == "declined" and not point.attempt:
            return replace(at.forgets(point.target), aborted=True, stopped=at.stopped | {point.role})
        value = None if outcome == "declined" else self._copy(answer, operation.returns)
        if point.attempt:
            value = Outcome(outcome != "declined", value, str(answer) if outcome == "declined" else "")
        return at.knows(point.target, value)

    def _move(self, at: Configuration, point: Move) -> Configuration:
        value = self._of(at, point.value)
        if point.receivers and not at.goes(point.sender):
            waiting = frozenset(filter(at.goes, point.receivers))
            if point.sender in at.open:
                return replace(at.forgets(point.target), open=at.open | waiting)
            return replace(at.forgets(point.target), stopped=at.stopped | waiting)
        if value is _lost:
            return at.forgets(point.target)
        value = self._copy(value, self.choreography.type_texts[point.type.text()])
        data = codec.encode(value)
        for receiver in point.receivers:
            at = at.did(point.sender, Action(SEND, receiver, data))
            if at.goes(receiver):
                at = at.did(receiver, Action(RECEIVE, point.sender, data))
        return at.knows(point.target, value)

    def _enter(self, at: Configuration, point: Enter) -> Configuration:
        procedure = next(one for one in self.choreography.procedures if one.number == point.procedure)
        given = {one.name: self._of(at, value) for *_, one, value in point.arguments}
        store = {name: value for name, value in given.items() if value is not _lost}
        frame = Continuation(procedure.body, entered=(point, at.store, at.way))
        return replace(at, frames=(*at.frames, frame), store=store, way=f"{self._site(at, point.site)}/")

    @staticmethod
    def _returned(at: Configuration, value: Any) -> Configuration:
        """A path has ended: of the innermost procedure, or of the whole."""
        for number in range(len(at.frames) - 1, -1, -1):
            entered = at.frames[number].entered
            if entered is not None:
                point, store, way = entered
                at = replace(at, frames=at.frames[:number], store=store, way=way)
                return at.forgets(point.target) if value is _lost else at.knows(point.target, value)
        return replace(at, end=(value,))

    def _branch(self, at: Configuration, point: If) -> Configuration:
        """Whoever is told of a branch may be told by an owner that has stopped."""
        known = self._of(at, point.test)
        if not any(map(at.goes, point.owners)) or known is _lost:
            return replace(at.opens(), end=(None,))
        if not all(map(at.goes, point.owners)):
            told = frozenset(filter(at.goes, self.choreography.roles)) - point.owners
            at = replace(at, open=at.open | told)
        broadcast = at.broadcast + len(self.choreography.roles) - len(point.owners)
        return replace(
            at, frames=(*at.frames, Continuation(point.then if known else point.orelse)), broadcast=broadcast
        )

    def _told(self, at: Configuration) -> RunOutcome:
        assert at.end is not None
        owners = frozenset[str]() if at.aborted else self.choreography.result_owners
        sent = sum(action.kind == SEND for view in at.views.values() for action in view)
        results = {role: codec.encode(at.end[0]) for role in owners}
        return RunOutcome(at.views, results, at.aborted, at.broadcast + sent, at.open)

    def _of(self, at: Configuration, value: Expression) -> Any:
        """The value of an expression; `_lost` if it rests on what an abort kept from being."""
        if at.aborted and value.names - at.store.keys() - self._names.keys():
            return _lost
        code = compile(ast.fix_missing_locations(ast.Expression(value.node)), self.choreography.file, "eval")
        return eval(code, {**self._names, **at.store})

    def _copy(self, value: Any, type: str) -> Any:
        return codec.decode(codec.encode(value), evaluate(type, self._names, self.choreography))

    @staticmethod
    def _site(at: Configuration, site: str) -> str:
        for name in counters(site):
            site = site.replace("[]", f"[{at.store[name]}]", 1)
        return at.way + site[1:] if site.startswith("@") else site


def _out_of(frames: tuple[Continuation, ...]) -> tuple[tuple[Continuation, ...], Loop]:
    """The frames around the innermost loop, and the loop."""
    for number in range(len(frames) - 1, -1, -1):
        loop = frames[number].loop
        if loop is not None:
            return frames[:number], loop
    raise AssertionError("a turn ends inside a loop only")
