"""From a choreography to its picture: who says what to whom, which service does what, where a path forks and ends.

`picture` turns the amended normal form, with every selection that was inserted, into a tree of few `shapes`; `mermaid`
and `svg` only draw, so all of them show the same. A new kind of block in the language is a new `case` in
`_Painter.point`, nearly always a `FrameShape` with sections.

What is not promised: that time runs strictly downward across lanes. Roles that nothing orders run side by side; an
arrow stands where the choreography writes it. What follows an early return stands inside the branch it belongs to, as
in the normal form.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Mapping

from accompanist import limits
from accompanist.language import waits
from accompanist.language.checks.types.faithful import written
from accompanist.language.ir import (
    Abort,
    Block,
    Enter,
    Expression,
    If,
    Invoke,
    Leave,
    Let,
    Loop,
    Move,
    Procedure,
    Return,
    Select,
    Statement,
    named,
)
from accompanist.language.program.program import Choreography
from accompanist.language.reading.roles import Offer
from accompanist.language.shown.shapes import Act, Arrow, FrameShape, Lane, Mark, Picture, Section, Shapes, Visit

_OURS = re.compile(r"(_\d+)+(_in)?")
_CALLED = re.compile(r"(?:_\d+)+_([^\W\d]\w*)")


def picture(choreography: Choreography) -> Picture:
    """The picture of a choreography that compiled."""
    header = choreography.header
    assert header is not None, "a choreography that compiled keeps its normal form"
    lanes = tuple(Lane(role, choreography.projections[role].role_class) for role in choreography.roles)
    names = {one.number: f"{one.header.name} {one.number}" for one in choreography.amended_procedures}
    given = ", ".join(f"{parameter.name}: {parameter.type}" for parameter in choreography.parameters)
    starts = () if choreography.initiator is None else (Mark(header.span.line, header.initiator, given, "start"),)
    body = _Painter(choreography.roles, choreography.returns, names).block(choreography.amended)
    procedures = tuple(_procedure(one, choreography.roles, names) for one in choreography.amended_procedures)
    shapes = (*starts, *body, *procedures)
    return Picture(choreography.name, lanes, shapes)


def _procedure(procedure: Procedure, roles: tuple[str, ...], names: Mapping[int, str]) -> FrameShape:
    """A choreography that calls itself, drawn once for each way in which its roles are given."""
    header = procedure.header
    title = f"{names[procedure.number]}({', '.join(_written(given.name) for given in header.given)})"
    shapes = _Painter(roles, header.returns.text(), names).block(procedure.body)
    return FrameShape("def", "", header.span.line, (), (Section(title, shapes),))


class _Painter:
    """Turns statements into shapes. `_meant` says what the temporaries of the normal form stand for."""

    def __init__(self, roles: tuple[str, ...], returns: str, procedures: Mapping[int, str]) -> None:
        self._roles, self._returns, self._procedures = roles, returns, procedures
        self._meant: dict[str, ast.expr] = {}

    def block(self, block: Block) -> Shapes:
        return tuple(shape for point in block for shape in self.point(point))

    def point(self, point: Statement) -> Shapes:
        match point:
            case Let(targets=targets, value=value):
                for target in filter(_temporary, targets if not point.unpacked else ()):
                    self._meant[target] = self._node(value)
                return ()  # what a role computes by itself moves nothing
            case Invoke():
                return (self._act(point),)
            case Move():
                return self._arrows(point)
            case Select(site=site, sender=sender, receiver=receiver, label=label, span=span):
                return (Arrow(site, span.line, sender, receiver, label, "", label, bare=True),)
            case If():
                return self._if(point)
            case Enter():
                return (self._visit(point),)
            case Loop(body=body):
                return self._loop(point, body)
            case Return(value=value, owners=owners, span=span):
                called = isinstance(value.node, ast.Name) and _temporary(value.node.id)
                text = "" if value.is_none else self._returns if called else self._text(value)
                return tuple(Mark(span.line, role, text, "result") for role in self._roles if text and role in owners)
            case Abort(site=site, role=role, reason=reason, span=span):
                return (Mark(span.line, role, self._text(reason), "abort", site),)
        return ()

    def _if(self, point: If) -> Shapes:
        """Nothing where nothing happens in either side; without the second side where only that is empty."""
        then = Section(self._text(point.test) + _leaving(point.then), self.block(point.then))
        orelse = Section(_leaving(point.orelse).removeprefix(", "), self.block(point.orelse))
        if not (then.shapes or orelse.shapes or orelse.title or _leaving(point.then)):
            return ()
        if not (orelse.shapes or orelse.title):
            return (FrameShape("opt", point.site, point.span.line, self._known(point), (then,)),)
        return (FrameShape("alt", point.site, point.span.line, self._known(point), (then, orelse)),)

    def _loop(self, loop: Loop, body: Block) -> Shapes:
        """The turns of a loop; behind them, under `at its end`, what is said when it ends."""
        guard = next((point for point in body if isinstance(point, If)), None)
        plain = guard is not None and body[-1] is guard and sum(not isinstance(point, Let) for point in body) == 1
        if guard is None or not plain or _exits(guard.then) == _exits(guard.orelse):
            return (FrameShape("loop", loop.site, loop.span.line, (), (Section("each turn", self.block(body)),)),)
        self.block(body[:-1])
        turn, exit = (guard.orelse, guard.then) if _exits(guard.then) else (guard.then, guard.orelse)
        title = self._each(loop.site, turn) or f"{'until' if exit is guard.then else 'while'} {self._text(guard.test)}"
        sections = [Section(title, self.block(turn)), Section("at its end", self.block(exit))]
        drawn = tuple(section for number, section in enumerate(sections) if number == 0 or section.shapes)
        return (FrameShape("loop", loop.site, loop.span.line, self._known(guard), drawn),)

    def _each(self, site: str, turn: Block) -> str:
        """What a `for` goes over, if the loop is one: its turns begin by taking the next of a temporary."""
        series = self._meant.get(f"{named(site)}_in")
        first = next((point for point in turn if isinstance(point, Let)), None)
        if series is None or first is None:
            return ""
        match series:
            case ast.Call(func=ast.Name(id="tuple"), args=[inner]):
                series = inner
        return _short(f"for {', '.join(map(_written, first.targets))} in {ast.unparse(series)}")

    def _known(self, point: If) -> tuple[str, ...]:
        return tuple(role for role in self._roles if role in point.owners)

    def _visit(self, point: Enter) -> Visit:
        name, arguments = self._procedures[point.procedure], [self._node(value) for _, value in point.arguments]
        text = f"{name}({', '.join(ast.unparse(one) for one in arguments)})"
        if point.target is not None and _temporary(point.target):
            self._meant[point.target] = ast.Call(ast.Name(name.partition(" ")[0]), arguments, [])
        roles = tuple(role for role in self._roles if role in point.acting)
        return Visit(point.site, point.span.line, roles, _short(text))

    def _act(self, point: Invoke) -> Act:
        arguments = ", ".join(self._text(value) for _, value in point.arguments)
        name = point.offer.title
        told = waits.event_in(point.offer.name)
        text = _short(f"{name}({arguments})") if told is None else _short(f"{name}{_within(arguments)}")
        if point.target is not None and _temporary(point.target):
            call = ast.Call(ast.Name(name), [self._node(value) for _, value in point.arguments], [])
            self._meant[point.target] = call if told is None else ast.Name(name)
        return Act(
            point.site,
            point.span.line,
            point.role,
            text,
            _kind(point.offer),
            point.offer.compensation or "",
            point.attempt,
        )

    def _arrows(self, point: Move) -> Shapes:
        if point.target is not None and _temporary(point.target):
            self._meant[point.target] = self._node(point.value)
        text, made = self._text(point.value), []
        for receiver in point.receivers:
            carried = point.carried(receiver)
            label = "" if carried is None else carried.label
            made.append(Arrow(point.site, point.span.line, point.sender, receiver, text, point.type.text(), label))
        return tuple(made)

    def _text(self, value: Expression) -> str:
        return _short(ast.unparse(self._node(value)))

    def _node(self, value: Expression) -> ast.expr:
        """The expression as its author wrote it: temporaries are replaced by what they were bound to."""
        made: ast.expr = written(copy.deepcopy(value.node))
        if any(name.startswith("_") for name in value.names):
            made = _Replace(self._meant).visit(made)
        return made


class _Replace(ast.NodeTransformer):
    def __init__(self, meant: Mapping[str, ast.expr]) -> None:
        self._meant = meant

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._meant.get(node.id) or ast.Name(_written(node.id))


def _temporary(name: str) -> bool:
    """Whether a name is the compiler's own, for what stands without a name in the source."""
    return _OURS.fullmatch(name) is not None


def _written(name: str) -> str:
    """A name as its author wrote it: inside what is called it bears the call's number."""
    found = _CALLED.fullmatch(name)
    return name if found is None else found[1]


def _exits(side: Block) -> bool:
    """Whether a side of a loop's guard is the way out: it says what has to be said, and leaves."""
    return isinstance(side[-1] if side else None, Leave) and not any(isinstance(point, (If, Loop)) for point in side)


def _leaving(block: Block) -> str:
    """How a branch inside a loop goes on, where it does not simply end the turn."""
    return ", then leave the loop" if isinstance(block[-1] if block else None, Leave) else ""


def _within(seconds: str) -> str:
    """How long an event is waited for."""
    return f", at most {seconds} s" if seconds else ""


def _kind(offer: Offer) -> str:
    if offer.recorded:
        return "commit"
    if waits.is_wait(offer.name):
        return "wait"
    if offer.drawn:
        return "drawn"
    if offer.pivot:
        return "pivot"
    return "retriable" if offer.retriable else offer.kind


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= limits.label_chars_max else flat[: limits.label_chars_max - 1] + "…"
