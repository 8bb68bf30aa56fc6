"""Places: which roles own each value, statically.

A role's operation gives its role; com gives the receiver; share adds receivers; constants belong to all. Operands
intersect. After a branch, a name that both sides assign is owned by those that own it on both sides and know the
branch: the guard's owners and the roles that act in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from accompanist.language import codes
from accompanist.language.diagnostic import Findings
from accompanist.language.ir import (
    Abort,
    Block,
    Expression,
    Header,
    If,
    Invoke,
    Let,
    Move,
    Owners,
    Return,
    Select,
    Statement,
    actors,
    ends,
)
from accompanist.language.source import Source, Span
from accompanist.language.types import NONE


@dataclass(frozen=True, slots=True)
class Held:
    """Who owns a name here, and, where a branch narrowed that, on which line. `maybe`: unassigned on some path."""

    owners: Owners
    narrowed: int = 0
    maybe: bool = False


Where = Mapping[str, Held]


class Locator:
    """Finds the owners of every value of one choreography."""

    def __init__(self, header: Header, source: Source, findings: Findings) -> None:
        self._header, self._source, self._findings = header, source, findings
        self._all = header.everywhere

    def locate(self, body: Block) -> Block:
        """The body with owners and senders filled in."""
        start = {parameter.name: Held(parameter.owners) for parameter in self._header.given}
        return self._block(body, start)[0]

    def _block(self, block: Block, where: Where) -> tuple[Block, Where]:
        made: list[Statement] = []
        for point in block:
            placed, where = self._point(point, where)
            made.append(placed)
        return tuple(made), where

    def _point(self, point: Statement, where: Where) -> tuple[Statement, Where]:
        match point:
            case Let(targets=targets, value=value):
                owners = self._owners(value, where)
                return replace(point, owners=owners), {**where, **{name: Held(owners) for name in targets}}
            case Invoke():
                return self._invoke(point, where)
            case Move():
                return self._move(point, where)
            case If():
                return self._branch(point, where)
            case Return():
                return self._return(point, where), where
            case Abort(role=role, reason=reason):
                self._needed(reason, where, role, f"{role}.abort gives its reason at {role}")
                return point, where
            case Select():
                return point, where

    def _invoke(self, point: Invoke, where: Where) -> tuple[Statement, Where]:
        for name, value in point.arguments:
            self._needed(value, where, point.role, f"{point.role}.{point.offer.name} takes {name} at {point.role}")
        return point, self._with(where, point.target, frozenset({point.role}))

    def _move(self, point: Move, where: Where) -> tuple[Statement, Where]:
        have = self._owners(point.value, where)
        receivers = tuple(role for role in point.recipients if role not in have)
        sender = next((role for role in self._header.roles if role in have), "") if receivers else ""
        owners = have | set(point.recipients) if point.shared else frozenset(point.recipients)
        return replace(point, sender=sender, receivers=receivers, owners=owners), self._with(
            where, point.target, owners
        )

    def _branch(self, point: If, where: Where) -> tuple[Statement, Where]:
        owners = self._owners(point.test, where)
        then, after_then = self._block(point.then, where)
        orelse, after_else = self._block(point.orelse, where)
        placed = replace(point, then=then, orelse=orelse, owners=owners)
        if ends(then) or ends(orelse):
            return placed, after_else if ends(then) else after_then
        know = owners | actors(then) | actors(orelse)
        return placed, self._join(point.span.line, where, after_then, after_else, know)

    def _join(self, line: int, before: Where, one: Where, other: Where, know: Owners) -> Where:
        joined: dict[str, Held] = {}
        for name in {**one, **other}:
            a, b = one.get(name), other.get(name)
            if a is not None and a == b and before.get(name) == a and a is b:
                joined[name] = a  # neither branch assigns it
            elif a is None or b is None:
                joined[name] = Held(frozenset(), line, maybe=True)
            else:
                joined[name] = Held(a.owners & b.owners & know, line, a.maybe or b.maybe)
        return joined

    def _return(self, point: Return, where: Where) -> Statement:
        header = self._header
        if header.result_is_none and not point.value.is_none:
            self._add(codes.RESULT, point.span, f"{header.name} declares no result", 'declare it: -> At[Type, "role"]')
        options = header.returns.arguments if header.returns.name == "|" else (header.returns,)
        if point.value.is_none and not point.value.refused and not header.returns.refused and NONE not in options:
            self._add(
                codes.RESULT,
                point.span,
                f"{header.name} ends here without a result",
                "return a value, or role.abort(…)",
            )
            return point
        for role in sorted(header.result_owners):
            if not header.result_is_none:
                self._needed(point.value, where, role, f"the result belongs to {role}")
        return replace(point, owners=header.result_owners)

    def _owners(self, value: Expression, where: Where) -> Owners:
        """Who can compute a value. Reports operands that nobody owns together, and then lets everyone."""
        owners, known = self._all, not value.refused
        for name, span in value.reads:
            held = where.get(name)
            if held is None or held.maybe:
                known = False
                branch = f"; the branch of line {held.narrowed} assigns it on one side only" if held else ""
                self._add(
                    codes.NAME_UNKNOWN,
                    span,
                    f"{self._text(span)} is not assigned on every path that leads here{branch}",
                    "assign it on every path",
                )
            else:
                owners &= held.owners
        if owners or not known:
            return owners if known and owners else self._all
        operands = self._operands(value, where)
        texts = " and ".join(dict(operands))
        target = next((roles[0] for _, roles in operands if roles), "role")
        away = next((text for text, roles in operands if target not in roles), "value")
        self._add(
            codes.NO_OWNER,
            value.span,
            f"no role owns {texts}" + ("" if len(operands) == 1 else " together"),
            f"com({away}, to={target})",
            operands,
        )
        return self._all

    def _needed(self, value: Expression, where: Where, role: str, why: str) -> None:
        before = len(self._findings)
        owners = self._owners(value, where)
        if role in owners or value.refused or len(self._findings) > before:
            return
        operands = self._operands(value, where)
        text = self._text(value.span)
        self._add(
            codes.WRONG_PLACE,
            value.span,
            f"{why}, but {text} is at {_list(owners)}{self._narrowing(value, where)}",
            f"com({text}, to={role})",
            operands,
        )

    def _operands(self, value: Expression, where: Where) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Each operand as the author wrote it, with its owners in the order of the roles."""
        found: dict[str, tuple[str, ...]] = {}
        for name, span in value.reads:
            held = where.get(name)
            owners = held.owners if held is not None else frozenset()
            found[self._text(span)] = tuple(role for role in self._header.roles if role in owners)
        return tuple(found.items())

    def _narrowing(self, value: Expression, where: Where) -> str:
        lines = sorted(
            {held.narrowed for name in value.names if (held := where.get(name)) is not None and held.narrowed}
        )
        return f" (only they know which branch of line {lines[0]} was taken)" if lines else ""

    def _with(self, where: Where, target: str | None, owners: Owners) -> Where:
        return where if target is None else {**where, target: Held(owners)}

    def _text(self, span: Span) -> str:
        return self._source.text(span)

    def _add(
        self, code: str, span: Span, text: str, hint: str, owners: tuple[tuple[str, tuple[str, ...]], ...] = ()
    ) -> None:
        self._findings.add(code, self._source, span, text, hint, owners)


def _list(owners: Owners) -> str:
    return " and ".join(sorted(owners)) or "no role"
