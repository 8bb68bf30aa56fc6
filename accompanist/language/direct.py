"""The direct reading of a choreography: one thread, no messages, every point in the order of the text.

It is the oracle that projected runs are compared with: it knows neither selections nor projections, so it cannot share
their mistakes. Values are copied through the codec at every move, as between services. A refused call that is not
attempted, and role.abort, end the run.

Not read: compensations; what was done before an abort is in `calls`, and undoing it is the runtime's business.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from accompanist.language import codec
from accompanist.language.ir import Abort, Block, Expression, If, Invoke, Let, Move, Return
from accompanist.language.load import Provide, evaluate, namespace
from accompanist.language.program import Choreography
from accompanist.language.words import Outcome

Ask = Callable[[str, str, str, Mapping[str, Any]], tuple[str, Any]]
"""(role, site, operation, arguments) to ("replied", value) or ("declined", reason)."""


class Declined(Exception):
    """Raised by a fake worker to decline a call, with the reason."""

    @property
    def reason(self) -> str:
        return str(self.args[0]) if self.args else ""


@dataclass(frozen=True, slots=True)
class Asked:
    """One call that the run made and what came of it."""

    role: str
    site: str
    operation: str
    arguments: Mapping[str, Any]
    outcome: str
    value: Any


@dataclass(frozen=True, slots=True)
class Direct:
    """How a run ended: with `result`, or aborted for a `reason`; and the calls it made, in order."""

    result: Any
    aborted: bool
    reason: str
    calls: tuple[Asked, ...]


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
    """An `ask` that calls fake workers: {"role.operation": function}, which decline by raising Declined."""

    def ask(role: str, site: str, operation: str, arguments: Mapping[str, Any]) -> tuple[str, Any]:
        try:
            return "replied", table[f"{role}.{operation}"](**arguments)
        except Declined as declined:
            return "declined", declined.reason

    return ask


class _Reading:
    """One run under way: the values of all names, wherever they are owned."""

    def __init__(self, choreography: Choreography, values: dict[str, Any], ask: Ask, names: dict[str, Any]) -> None:
        self._choreography, self._values, self._ask, self._names = choreography, values, ask, names
        self.calls: list[Asked] = []

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
                case Return(value=value):
                    raise _End(self._of(value))
                case Abort(reason=reason):
                    raise _End(None, True, self._of(reason))

    def _invoke(self, point: Invoke) -> None:
        operation = self._choreography.projections[point.role].operations[point.offer.name]
        arguments = {
            name: self._copy(self._of(value), self._type(operation.parameters[name])) for name, value in point.arguments
        }
        outcome, answer = self._ask(point.role, point.site, point.offer.name, arguments)
        declined = outcome == "declined"
        value = None if declined else self._copy(answer, self._type(operation.returns))
        self.calls.append(
            Asked(point.role, point.site, point.offer.name, arguments, outcome, answer if declined else value)
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
