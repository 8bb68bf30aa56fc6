"""Called choreographies in normal form: their steps stand where they are called.

Each call has a frame of its own, in which the callee's returns are assignments. A choreography that calls itself has no
end when it is unrolled: its steps stand in a procedure, once for each way in which its roles are given.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace

from accompanist import limits
from accompanist.language.ir import (
    Block,
    ChoreographyHead,
    Due,
    Enter,
    Expression,
    If,
    LeftOut,
    Let,
    Loop,
    Procedure,
    Return,
    Statement,
    ValueParameter,
    named,
    returns,
    walk,
)
from accompanist.language.normal import continuation
from accompanist.language.normal.callees import Binder, Bound, Callee, Callees
from accompanist.language.normal.exhaustive import LEFT_OUT
from accompanist.language.normal.frame import Frame, TooLarge, assigned
from accompanist.language.normal.parse import SEVERAL_RESULTS
from accompanist.language.normal.scope import Scope
from accompanist.language.normal.taken_names import check_names
from accompanist.language.reading.modules import Reference
from accompanist.language.text import codes
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.source import Span
from accompanist.language.types import Type


class Unroller:
    """Puts the steps of called choreographies into a frame. `block` makes a block of the source there."""

    def __init__(
        self,
        frame: Frame,
        header: ChoreographyHead,
        callees: Callees,
        findings: Findings,
        block: Callable[[list[ast.stmt]], Block],
    ) -> None:
        self._frame, self._header, self._callees, self._findings, self._block = frame, header, callees, findings, block
        self._binder = Binder(header, frame.expressions)
        self._entered: list[tuple[str, str]] = []
        self._numbers: dict[tuple[object, ...], int] = {}
        self.procedures: dict[int, Procedure] = {}

    def enter(self, node: ast.Call, reference: Reference, target: str | None, several: tuple[str, ...] = ()) -> str:
        """Put the steps of a called choreography here, its result bound to `target`, or its results to `several`."""
        callee = self._callees.find(reference)
        if callee is not None and callee.header.results and target is not None:
            self.not_one(node, callee)
            callee = None
        elif callee is not None and callee.header.results and self._callees.recursive(reference):
            text = f"{callee.name} calls itself, and gives results at several roles"
            self._frame.refuse(SEVERAL_RESULTS, node, text, "one result, at each role that needs a part of it")
            callee = None
        key = (reference.module, reference.name)
        bound = None if callee is None else self._binder.bind(node, callee)
        span = self._frame.span(node)
        recursive = self._callees.recursive(reference)
        if key in self._entered and not recursive:
            text = f"{reference.name} calls itself through a choreography that it is given"
            self._frame.refuse(codes.RECURSION, node, text, "a loop: for or while")
            bound = None
        if callee is None or bound is None or len(self._entered) > limits.branch_depth_max:
            if callee is not None and bound is not None:
                raise TooLarge(f"choreographies call one another deeper than {limits.branch_depth_max}")
            refused = Expression(ast.Constant(None), (), span, refused=True)
            for name in several or (target or self._frame.temporary(),):
                self._frame.out.append(Let((name,), refused, span))
            return target or ""
        values = [(name, self._frame.read(value)) for name, value in bound.values.items()]
        if recursive:
            self._proceed(callee, bound, dict(values), target, span)
            return target or ""
        site = self._frame.site()
        local = {name: f"{named(site)}_{name}" for name in variables(callee.node, callee.header)}
        for given in callee.header.given:
            value = dict(values)[given.name]
            due = Due(frozenset(bound.roles[r] for r in given.owners), f"{callee.name} takes {given.name} at", False)
            self._frame.out.append(Let((local[given.name],), value, value.span, declared=given.type, due=due))
        scope = Scope(self._frame.names.inside(callee.module), bound.roles, local, bound.choreographies)
        gives = _gives(callee.header, bound.roles, several or (() if target is None else (target,)))
        self._frame.out += self._given_back(self._steps(callee, scope, f"{site}."), callee, gives)
        return target or ""

    def _proceed(
        self, callee: Callee, bound: Bound, values: Mapping[str, Expression], target: str | None, span: Span
    ) -> None:
        """Enter a choreography that calls itself. Its steps stand in a procedure for each way its roles are given."""
        roles, header = bound.roles, callee.header
        way = (callee.module.name, callee.name, *sorted(roles.items()), *sorted(bound.choreographies.items()))
        fresh = way not in self._numbers
        number = self._numbers.setdefault(way, len(self._numbers) + 1)
        prefix = named(f"@{number}:")
        local = {name: f"{prefix}_{name}" for name in variables(callee.node, header)}
        given = tuple(
            ValueParameter(local[one.name], one.type, frozenset(roles[r] for r in one.owners), one.span)
            for one in header.given
        )
        owners = frozenset(roles[role] for role in header.result_owners)
        site = self._frame.site()
        if fresh:
            inner = replace(header, roles=self._header.roles, given=given, result_owners=owners)
            scope = Scope(self._frame.names.inside(callee.module), roles, local, bound.choreographies)
            self.procedures[number] = Procedure(number, inner, self._steps(callee, scope, f"@{number}:"))
        arguments = tuple((one, values[own.name]) for one, own in zip(given, header.given, strict=True))
        if header.result_is_none:
            target = None
        self._frame.out.append(Enter(site, target, callee.name, number, arguments, owners, header.returns, span))

    def _steps(self, callee: Callee, scope: Scope, frame: str) -> Block:
        """The body of a called choreography, each of its paths ended."""
        outer, loops = self._frame.expressions.scope, self._frame.loops
        self._frame.expressions.scope, self._frame.loops = scope, []
        self._entered.append((callee.module.name, callee.name))
        check_names(self._frame, callee.node, callee.header)
        key = f"{callee.module.name}.{callee.name}"
        if key in self._callees.too_large:
            raise TooLarge(f"{callee.name} is too large, with what it calls")
        try:
            with self._frame.inside(frame):
                body = self._block(callee.node.body)
            pushed = continuation.push(body, self._frame.span(callee.node.body[-1]))
        except TooLarge:
            self._callees.too_large.add(key)
            raise
        self._entered.pop()
        self._frame.expressions.scope, self._frame.loops = outer, loops
        return pushed

    def _given_back(
        self, block: Block, callee: Callee, gives: tuple[Gives, ...], left_out: LeftOut | None = None
    ) -> Block:
        """A called choreography's steps with its returns as assignments. `left_out`: by the match that leads here."""
        made: list[Statement] = []
        for point in block:
            match point:
                case If():
                    then = self._given_back(point.then, callee, gives, left_out)
                    orelse = self._given_back(point.orelse, callee, gives, point.left_out or left_out)
                    made.append(replace(point, then=then, orelse=orelse))
                case Loop() if returns(point.body):
                    text = "a return inside a loop of a choreography that is called"
                    self._findings.add(
                        codes.RETURN_IN_LOOP,
                        callee.module.source,
                        next(inner.span for inner in walk(point.body) if isinstance(inner, Return)),
                        text,
                        "assign the value to a name, leave the loop with break, and return behind it",
                    )
                case Return(value=value, span=span):
                    self._fits(value, callee, span, left_out)
                    parts = value.parts if callee.header.results else (value,)
                    if len(parts) < len(gives):  # said already
                        parts = (replace(value, refused=True),) * len(gives)
                    for (target, declared, due), part in zip(gives, parts, strict=False):
                        made.append(Let((target,), part, span, declared=declared, due=due))
                case _:
                    made.append(point)
        return tuple(made)

    def _fits(self, value: Expression, callee: Callee, span: Span, left_out: LeftOut | None) -> None:
        text = callee.header.misfit(value)
        if text and left_out is not None and value.is_none:
            self._findings.add(LEFT_OUT, callee.module.source, left_out.span, *left_out.told(text.replace("here ", "")))
        elif text:
            hint = f"return a value on this path, as the head of {callee.name} declares"
            self._findings.add(codes.RESULT, callee.module.source, span, text, hint)

    def not_one(self, node: ast.Call, callee: Callee) -> None:
        """Several results are taken for one, or for another number."""
        names = ", ".join("xyzuvw"[number % 6] for number in range(len(callee.header.results)))
        text = f"{callee.name} gives {len(callee.header.results)} results, each at a place of its own"
        self._frame.refuse(SEVERAL_RESULTS, node, text, f"{names} = {ast.unparse(node)}, on a line of its own")


Gives = tuple[str, Type | None, Due]
"""A name that a called choreography gives a result to, of which type, and where that has to be."""


def _gives(header: ChoreographyHead, roles: Mapping[str, str], targets: tuple[str, ...]) -> tuple[Gives, ...]:
    results = header.results or ((None if header.result_is_none else header.returns, header.result_owners),)
    made: list[Gives] = []
    for number, (target, (type, owners)) in enumerate(zip(targets, results, strict=False), 1):
        which = f"result {number}" if header.results else "its result"
        made.append((target, type, Due(frozenset(roles[r] for r in owners), f"{header.name} gives {which} at", True)))
    return tuple(made)


def variables(node: ast.FunctionDef, header: ChoreographyHead) -> frozenset[str]:
    """Every local name of a choreography that is not a role."""
    given = {parameter.name for parameter in header.given}
    return frozenset(given | {name for statement in node.body for name in assigned(statement)}) - header.everywhere
