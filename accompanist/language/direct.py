"""The direct reading of a choreography: one thread, no messages, every point in the order of the text.

It is the oracle that projected runs are compared with: it knows neither selections nor projections, so it cannot share
their mistakes. Values are copied through the codec at every move, as between services. A refused call that is not
attempted, and role.abort, end the run.

Not read: compensations; what was done before an abort is in `calls`, and undoing it is the runtime's business.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accompanist import limits
from accompanist.language import waits
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
    counters,
    named,
)
from accompanist.language.program.load import Provide, evaluate, namespace
from accompanist.language.program.program import Choreography
from accompanist.language.projection.emit import TOO_DEEP
from accompanist.language.values import codec
from accompanist.language.words import Outcome


class DirectArguments(dict[str, Any]):
    """A call's arguments as its worker takes them, each of its parameter's type; `sent`: as they travel. An int for a
    float parameter is an int on its way."""

    sent: bytes


Ask = Callable[[str, str, str, DirectArguments], tuple[str, Any]]
"""(role, site, operation, arguments) to ("replied", value) or ("declined", reason)."""


class Declined(Exception):
    """Raised by a fake worker to decline a call, with the reason."""

    @property
    def reason(self) -> str:
        return str(self.args[0]) if self.args else ""


@dataclass(frozen=True, slots=True)
class DirectCall:
    """One call that the run made and what came of it."""

    role: str
    site: str
    operation: str
    arguments: DirectArguments
    outcome: str
    value: Any


@dataclass(frozen=True, slots=True)
class Direct:
    """How a run ended: with `result`, or aborted for a `reason`; and the calls it made, in order."""

    result: Any
    aborted: bool
    reason: str
    calls: tuple[DirectCall, ...]


def _chance(role: str, site: str) -> int:
    return int.from_bytes(hashlib.blake2b(f"{role} {site}".encode(), digest_size=16).digest())


DRAWN: Mapping[str, Callable[[str, str], Any]] = {
    "role.now": lambda role, site: 1_800_000_000.0 + _chance(role, site) % 1000,
    "role.uuid": lambda role, site: UUID(int=_chance(role, site), version=4),
    "role.random": lambda role, site: _chance(role, site) % 2**53 / 2**53,
    "role.commit": lambda role, site: None,
    "role.sleep": lambda role, site: None,
}
"""What a role's sidecar answers where nothing may differ between runs: something for each (role, site)."""


class _End(Exception):
    """A path's end; not an error."""

    def __init__(self, result: Any, aborted: bool = False, reason: str = "") -> None:
        super().__init__()
        self.result, self.aborted, self.reason = result, aborted, reason


def run(
    choreography: Choreography, arguments: Mapping[str, Any], ask: Ask, module: Provide = importlib.import_module
) -> Direct:
    """Read a choreography with these arguments; `ask` answers its role calls."""
    reading = _Reading(choreography, dict(arguments), ask, namespace(choreography, module))
    try:
        reading.block(choreography.normal)
    except _End as end:
        return Direct(end.result, end.aborted, end.reason, tuple(reading.calls))
    raise AssertionError("every path of a normal form ends")


def workers(table: Mapping[str, Callable[..., Any]]) -> Ask:
    """An `ask` that calls fake workers: {"role.operation": function}, which decline by raising Declined. An event is
    told by {"role.event.NAME": function of nothing}; if that raises Declined("timeout"), it does not come in time."""

    def ask(role: str, site: str, operation: str, arguments: Mapping[str, Any]) -> tuple[str, Any]:
        if operation in DRAWN:
            return "replied", DRAWN[operation](role, site)
        told = waits.event_in(operation)
        try:
            if told is not None:
                return "replied", table[f"{role}.event.{told}"]()
            return "replied", table[f"{role}.{operation}"](**arguments)
        except Declined as declined:
            return "declined", declined.reason

    return ask


class _Again(Exception):
    """The end of a turn; not an error."""


class _Leave(Exception):
    """The end of a loop; not an error."""


class _Reading:
    """One run under way: the values of all names, wherever they are owned."""

    def __init__(self, choreography: Choreography, values: dict[str, Any], ask: Ask, names: dict[str, Any]) -> None:
        self._choreography, self._values, self._ask, self._names = choreography, values, ask, names
        self.calls: list[DirectCall] = []
        self._at = ""  # the way to the procedure that is being read

    def block(self, block: Block) -> None:
        for point in block:
            match point:
                case Let(targets=targets, value=value, unpacked=True):
                    self._values |= dict(zip(targets, self._of(value), strict=True))
                case Let(targets=(target,), value=value):
                    self._values[target] = self._of(value)
                case Invoke():
                    self._invoke(point)
                case Move(target=target, value=value, type=type):
                    moved = self._copy(self._of(value), self._type(self._choreography.type_texts[type.text()]))
                    if target is not None:
                        self._values[target] = moved
                case If(test=test, then=then, orelse=orelse):
                    self.block(then if self._of(test) else orelse)
                case Enter():
                    self._enter(point)
                case Loop():
                    self._loop(point)
                case Again():
                    raise _Again
                case Leave():
                    raise _Leave
                case Return(value=value):
                    raise _End(self._of(value))
                case Abort(reason=reason):
                    raise _End(None, True, self._of(reason))

    def _enter(self, point: Enter) -> None:
        procedure = next(one for one in self._choreography.procedures if one.number == point.procedure)
        if self._at.count("/") > limits.recursion_depth_max:
            raise _End(None, True, TOO_DEEP)
        given = {one.name: self._of(value) for one, value in point.arguments}
        outer = self._values, self._at
        self._values, self._at = given, f"{self._site(point.site)}/"
        try:
            self.block(procedure.body)
            result = None
        except _End as end:
            if end.aborted:
                raise
            result = end.result
        self._values, self._at = outer
        if point.target is not None:
            self._values[point.target] = result

    def _loop(self, point: Loop) -> None:
        for turn in range(1, limits.local_turns_max + 1):
            self._values[named(point.site)] = turn
            try:
                self.block(point.body)
            except _Again:
                continue
            except _Leave:
                return
        raise _End(None, True, f"a loop has more than {limits.local_turns_max} turns")

    def _site(self, site: str) -> str:
        """The site with the turns of its loops."""
        for name in counters(site):
            site = site.replace("[]", f"[{self._values[name]}]", 1)
        return self._at + site[1:] if site.startswith("@") else site

    def _invoke(self, point: Invoke) -> None:
        site = self._site(point.site)
        operation = self._choreography.projections[point.role].operations[point.offer.name]
        said = {name: self._of(value) for name, value in point.arguments}
        arguments = DirectArguments(
            {name: self._copy(value, self._type(operation.parameters[name])) for name, value in said.items()}
        )
        arguments.sent = codec.encode(said)
        outcome, answer = self._ask(point.role, site, point.offer.name, arguments)
        declined = outcome == "declined"
        value = None if declined else self._copy(answer, self._type(operation.returns))
        self.calls.append(
            DirectCall(point.role, site, point.offer.name, arguments, outcome, answer if declined else value)
        )
        if declined and not point.attempt:
            raise _End(None, True, answer)
        if point.target is not None:
            reason = str(answer) if declined else ""
            self._values[point.target] = Outcome(not declined, value, reason) if point.attempt else value

    def _of(self, value: Expression) -> Any:
        code = compile(ast.fix_missing_locations(ast.Expression(value.node)), self._choreography.file, "eval")
        return eval(code, {**self._names, **self._values})

    def _type(self, text: str) -> Any:
        return evaluate(text, self._names, self._choreography)

    def _copy(self, value: Any, type: Any) -> Any:
        return codec.decode(codec.encode(value), type)
