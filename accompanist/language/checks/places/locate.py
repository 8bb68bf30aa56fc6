"""Places: which roles own each value, statically.

A role's operation gives its role; com gives the receiver; share adds receivers; constants belong to all. Operands
intersect. After a branch, a name that both sides assign is owned by those that own it on both sides and know the
branch: the guard's owners and the roles that act in it. If none of these owns it, its owners are told the branch.

In a loop a name is owned by those that own it before the first turn and after every other. After it they must also know
when the loop ended: they own every guard that decides it, or act in the loop and are told.

Who owns a name is a must-fact, and so is that it is assigned: a join intersects. It also says on which line a branch or
a loop has narrowed it, for what is reported later, so it is made here for each place where ways meet, and is not the
plain join of `flow.facts`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from accompanist.language.checks.places.advisor import Advisor, Operands
from accompanist.language.checks.places.held import Ownership, Where
from accompanist.language.checks.places.later import read_later
from accompanist.language.flow.facts import settled
from accompanist.language.flow.forward import Flow, Forward, Turn
from accompanist.language.flow.reports import Reports
from accompanist.language.ir import (
    ELSE,
    NOBODY,
    Abort,
    Block,
    ChoreographyHead,
    Enter,
    Expression,
    If,
    Invoke,
    LeftOut,
    Let,
    Loop,
    Move,
    NormalForm,
    Owners,
    Procedure,
    Return,
    Statement,
    actors,
    may_end,
    named,
    walk,
)
from accompanist.language.normal.exhaustive import LEFT_OUT
from accompanist.language.text import codes
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.source import Span


def located(whole: NormalForm, header: ChoreographyHead, advisor: Advisor, findings: Findings) -> NormalForm:
    """A choreography with its procedures located. Who acts in one depends on who acts in those that it enters: a least
    fixpoint."""

    def procedures(kept: Findings, acting: Mapping[int, Owners]) -> tuple[Procedure, ...]:
        return tuple(
            replace(one, body=Locator(one.header, advisor, kept, acting).locate(one.body)) for one in whole.procedures
        )

    def acted(acting: Mapping[int, Owners]) -> Mapping[int, Owners]:
        return {one.number: actors(one.body) for one in procedures(Findings(), acting)}

    acting: Mapping[int, Owners] = settled({}, acted)
    return NormalForm(Locator(header, advisor, findings, acting).locate(whole.body), procedures(findings, acting))


class Locator(Forward[Where]):
    """Finds the owners of every value of one choreography."""

    def __init__(
        self, header: ChoreographyHead, advisor: Advisor, findings: Findings, acting: Mapping[int, Owners] | None = None
    ) -> None:
        self._header, self._advisor, self._reports = header, advisor, Reports(findings)
        self._flow = Flow(self, self._reports)
        self._sources = advisor.sources
        self._acting = acting or {}
        self._all = header.everywhere
        self._unassigned: dict[str, Span] = {}  # where each name is read first that not every path leaves somewhere
        self._nowhere_assigned: set[str] = set()  # the names that no path assigns, also behind a match's own cases
        self._missed: dict[Span, str] = {}  # the matches that leave out something, and what is missing first
        self._constants: frozenset[str] = frozenset()  # the names that hold nothing but constants

    def locate(self, body: Block) -> Block:
        """The body with owners and senders filled in."""
        self._constants = _constants(body)
        start = {parameter.name: Ownership(parameter.owners) for parameter in self._header.given}
        return self._flow.block(body, start)[0]

    def step(self, point: Statement, where: Where) -> tuple[Statement, Where]:
        """A statement with its owners, and who owns what behind it."""
        match point:
            case Let(targets=targets, value=value, due=due):
                owners = self._owners(value, where)
                if due is not None:
                    self._needed(value, where, due.owners, due.why)
                    owners = due.owners
                return replace(point, owners=owners), {**where, **{name: Ownership(owners) for name in targets}}
            case Invoke():
                return self._invoke(point, where)
            case Move():
                return self._move(point, where)
            case Enter():
                for given, value in point.arguments:
                    name = given.name.removeprefix(f"{named(f'@{point.procedure}:')}_")
                    self._needed(value, where, given.owners, f"{point.name} takes {name} at")
                entered = replace(point, acting=self._acting.get(point.procedure, NOBODY))
                return entered, self._with(where, point.target, point.owners)
            case If(test=test):
                return replace(point, owners=self._owners(test, where)), where
            case Return():
                return self._return(point, where), where
            case Abort(role=role, reason=reason):
                self._needed(reason, where, frozenset({role}), f"{_said(reason, role)}.abort gives its reason at")
        return point, where

    def met(self, point: If, before: Where, ways: Sequence[Where]) -> tuple[If, Where]:
        """The branch with the roles that have to be told of it, and who owns what behind it."""
        if len(ways) < 2:
            return point, ways[0]
        joined, keeping = self._join(point.span.line, before, ways, point.owners | point.acting)
        if point.left_out is not None:
            for name in [name for name in joined if name not in ways[1]]:
                joined[name] = replace(joined[name], left_out=point.left_out)
        return replace(point, keeping=keeping) if keeping else point, joined

    def turned(self, loop: Loop, turn: Turn[Where]) -> Where:
        """Who owns the names at the head of the next turn that are there before the loop."""
        again, _ = self._join(loop.span.line, turn.entered, [turn.entered, *turn.again], self._all, True)
        return {name: held for name, held in again.items() if name in turn.entered}

    def left(self, loop: Loop, turn: Turn[Where]) -> tuple[Loop, Where | None]:
        """The loop with the roles that have to be told of its end, and who owns what behind it."""
        if not turn.leave:
            return loop, None
        line, know = loop.span.line, loop.acting | _deciders(loop.body, self._all)
        # a name that only turns assign is not there if there was none
        made = {name: Ownership(NOBODY, line, True, True) for way in turn.again for name in way}
        joined, keeping = self._join(line, turn.entered, turn.leave, know, True)
        return replace(loop, keeping=keeping) if keeping else loop, {**made, **joined}

    def _invoke(self, point: Invoke, where: Where) -> tuple[Statement, Where]:
        for name, value in point.arguments:
            why = f"{_said(value, point.role)}.{point.offer.name} takes {name} at"
            self._needed(value, where, frozenset({point.role}), why)
        return point, self._with(where, point.target, frozenset({point.role}))

    def _move(self, point: Move, where: Where) -> tuple[Statement, Where]:
        have = self._owners(point.value, where)
        receivers = tuple(role for role in point.recipients if role not in have)
        sender = next((role for role in self._header.roles if role in have), "") if receivers else ""
        owners = have | set(point.recipients) if point.shared else frozenset(point.recipients)
        placed = replace(point, sender=sender, receivers=receivers, owners=owners)
        fixed = point.value.constant or (point.value.names <= self._constants and have >= self._all)
        if fixed and point.target is None and not point.value.refused:
            self._constant(point, where)
        where = self._with(where, point.target, owners)
        return placed, {**where, **self._advisor.moved(point, where, owners)}

    def _constant(self, point: Move, where: Where) -> None:
        """A line that moves a constant, and so nothing."""
        text = self._text(point.value.span)
        to = " and ".join(point.recipients)
        self._add(
            codes.CONSTANT_MOVED,
            point.span,
            f"every role knows {text}, so nothing is sent, and {to} neither waits nor learns anything",
            self._advisor.sign_of_life(point, where),
        )

    def _join(
        self, line: int, before: Where, ways: Sequence[Where], know: Owners, loop: bool = False
    ) -> tuple[dict[str, Ownership], Owners]:
        """Who holds what where paths meet; and the roles that have to be told which path it was, though they do not act
        there: they hold what is changed there, nobody who knows the path holds it, and it is read later."""
        joined: dict[str, Ownership] = {}
        keeping = NOBODY
        for name in dict.fromkeys(name for way in ways for name in way):
            held = [way.get(name) for way in ways]
            known = [one for one in held if one is not None]
            if before.get(name) is held[0] and all(one is held[0] for one in held):
                joined[name] = known[0]  # none of them assigns it
            elif len(known) < len(held):
                left_out = next((one.left_out for one in known if one.left_out is not None), None)
                joined[name] = Ownership(frozenset(), line, maybe=True, loop=loop, left_out=left_out)
            else:
                holders = self._all.intersection(*(one.owners for one in known))
                owners = holders & know
                if holders and not owners and read_later(name, self._flow.rest()):
                    owners, keeping = holders, keeping | holders
                left_out = next((one.left_out for one in known if one.left_out is not None), None)
                apart = () if owners else tuple(one.owners for one in known)
                joined[name] = Ownership(owners, line, any(one.maybe for one in known), loop, left_out, apart)
        return joined, keeping

    def _return(self, point: Return, where: Where) -> Statement:
        header, text = self._header, self._header.misfit(point.value)
        left_out = self._left_out()
        if text and left_out is not None and point.value.is_none:
            self._miss(left_out, text.replace("here ", ""))
            return point
        if text:
            role = next((one for one in header.roles if one in header.result_owners), "role")
            hint = f'return a value on each path, or {role}.abort("…")'
            hint = 'declare it: -> At[Type, "role"]' if header.result_is_none else hint
            self._add(codes.RESULT, point.span, text, hint)
            if not header.result_is_none:
                return point
        if not header.result_is_none:
            self._needed(point.value, where, header.result_owners, "the result belongs to")
        return replace(point, owners=header.result_owners)

    def _miss(self, left_out: LeftOut, consequence: str) -> None:
        """Report what a match leaves out, once, with the first thing that is missing because of it."""
        if self._missed.setdefault(left_out.span, consequence) == consequence:
            self._add(LEFT_OUT, left_out.span, *left_out.told(consequence))

    def _owners(self, value: Expression, where: Where, wanted: Owners = NOBODY) -> Owners:
        """Who can compute a value. Reports operands that nobody owns together, and then lets everyone. `wanted`: where
        it should be."""
        owners, known = self._all, not value.refused
        for name, span in value.reads:
            held = where.get(name)
            if held is None or held.maybe:
                known = False
                if self._unassigned.setdefault(name, span) != span:
                    continue  # said at its first use
                if (left_out := self._why(name, held)) is not None:
                    self._miss(left_out, f"{self._text(span)} is not assigned then")
                    continue
                self._add(codes.NAME_UNKNOWN, span, *_unassigned(self._text(span), held))
            elif not held.owners:
                self._nowhere(name, span, held, wanted)
            else:
                owners &= held.owners
        if owners or not known:
            return owners if known and owners else self._all
        operands = self._operands(value, where)
        texts = " and ".join(dict(operands))
        hint = self._advisor.together(value, operands, where, wanted)
        self._add(
            codes.NO_OWNER,
            value.span,
            f"no role owns {texts}" + ("" if len(operands) == 1 else " together"),
            hint,
            _as_said(value, operands),
        )
        return self._all

    def _why(self, name: str, held: Ownership | None) -> LeftOut | None:
        """The match whose left out values are why a name is not there; None if it is missing without them, too."""
        if held is not None:
            return held.left_out
        left_out = self._left_out()
        if left_out is None:
            self._nowhere_assigned.add(name)
        return None if name in self._nowhere_assigned else left_out

    def _left_out(self) -> LeftOut | None:
        """What the match leaves out that leads here, if it is on the other side of its last case."""
        sides = ((point.left_out, label) for point, label in self._flow.sides())
        return next((left_out for left_out, label in sides if label == ELSE and left_out is not None), None)

    def _nowhere(self, name: str, span: Span, held: Ownership, wanted: Owners) -> None:
        """Report a name, once, that each way through a branch or a loop leaves at another role."""
        if self._unassigned.setdefault(name, span) != span:
            return
        text, what = self._text(span), "turn" if held.loop else "side of the branch"
        ways = [_list(owners) for owners in held.ways]
        told = (
            f": it is at {' in one side, and at '.join(ways)} in the other" if len(ways) == 2 and not held.loop else ""
        )
        roles = sorted(wanted) or sorted(held.ways[-1]) if held.ways else sorted(wanted)
        to = roles[0] if roles else "role"
        hint = f"leave {text} at the same role in each {what}: com(…, to={to})"
        self._add(codes.NO_OWNER, span, f"{text} is at no role behind the {_what(held)}{told}", hint)

    def _needed(self, value: Expression, where: Where, roles: Owners, why: str) -> None:
        """Report a value that is not at all of these roles. `why` it should be ends before their names."""
        before = len(self._reports.now)
        owners = self._owners(value, where, roles)
        away = sorted(roles - owners)
        if not away or value.refused or len(self._reports.now) > before:
            return
        operands = self._operands(value, where)
        text = self._text(value.span)
        wanted, held = _list(_said(value, one) for one in away), _list(_said(value, one) for one in owners)
        there, hint = self._advisor.at_roles(value, where, away, owners & roles)
        self._add(
            codes.WRONG_PLACE,
            value.span,
            f"{why} {wanted}, but {text} is at {held}{self._narrowing(value, where)}{there}",
            hint,
            _as_said(value, operands),
        )

    def _operands(self, value: Expression, where: Where) -> Operands:
        """Each operand as the author wrote it, with its owners in the order of the roles."""
        found: dict[str, tuple[str, ...]] = {}
        for name, span in value.reads:
            held = where.get(name)
            owners = held.owners if held is not None else frozenset()
            found[self._text(span)] = tuple(role for role in self._header.roles if role in owners)
        return tuple(found.items())

    def _narrowing(self, value: Expression, where: Where) -> str:
        narrowed = [held for name in value.names if (held := where.get(name)) is not None and held.narrowed]
        if not narrowed:
            return ""
        first = min(narrowed, key=lambda held: held.narrowed)
        if first.loop:
            return f" (only they know when the {_what(first)} ended)"
        return f" (only they know which {_what(first)} was taken)"

    def _with(self, where: Where, target: str | None, owners: Owners) -> Where:
        return where if target is None else {**where, target: Ownership(owners)}

    def _text(self, span: Span) -> str:
        return self._sources(span.file).text(span)

    def _add(self, code: str, span: Span, text: str, hint: str, owners: Operands = ()) -> None:
        self._reports.now.add(code, self._sources(span.file), span, text, hint, owners)


def _deciders(body: Block, everyone: Owners) -> Owners:
    """Who owns every guard that decides whether a loop goes on."""
    for point in body:
        if isinstance(point, If) and may_end((point,)):
            everyone &= point.owners & _deciders(point.then, everyone) & _deciders(point.orelse, everyone)
    return everyone


def _unassigned(name: str, held: Ownership | None) -> tuple[str, str]:
    """What is said of a name that is not assigned on every path, and what to write."""
    if held is None:
        return f"{name} is not assigned before this line", f"{name} = … before this line"
    branch = "may have no turn that assigns it" if held.loop else "assigns it on one side only"
    other = "" if held.loop else ", or on its other side, too"
    text = f"{name} is not assigned on every path that leads here; the {_what(held)} {branch}"
    return text, f"{name} = … before the {_what(held)}{other}"


def _what(held: Ownership) -> str:
    return f"{'loop' if held.loop else 'branch'} of line {held.narrowed}"


def _said(value: Expression, role: str) -> str:
    """What a role is called in the text that a value stands in."""
    return value.spoken.get(role, role)


def _as_said(value: Expression, operands: Operands) -> Operands:
    return tuple((text, tuple(_said(value, role) for role in roles)) for text, roles in operands)


def _list(owners: Iterable[str]) -> str:
    return " and ".join(sorted(owners)) or "no role"


def _constants(body: Block) -> frozenset[str]:
    """The names that are only ever assigned constants, and what is computed from those. Of what was refused nobody
    knows that it is one."""
    found: set[str] = set()
    others = {
        point.target for point in walk(body) if isinstance(point, Invoke | Move | Enter) and point.target is not None
    }
    for point in walk(body):
        if isinstance(point, Let):
            fixed = point.value.names <= found and not point.value.names & others and not point.value.refused
            (found if fixed else others).update(point.targets)
    return frozenset(found - others)
