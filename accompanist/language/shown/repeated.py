"""An event that more than one turn of a loop asks for: a warning, since each turn gets the same value.

An event has one value for each name, role and session, whenever it is asked for: the first that was told. So a loop
that waits for the next word under the same name goes round with the first one, without waiting.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from accompanist.errors import catalogue
from accompanist.language import waits
from accompanist.language.ir import ELSE, THEN, Abort, Again, Block, Enter, If, Invoke, Leave, Loop, Return, walk
from accompanist.language.program.program import Choreography
from accompanist.language.text.diagnostic import Diagnostic
from accompanist.language.text.source import Source

SAME_EVENT = catalogue(
    "ACC178",
    "each turn gets the same event",
    "An event has one value for each name, role and session: the first that is told counts, and whoever asks for it "
    "again, in another turn or in another place, has that value at once.",
    "Ask for it once, before the loop. What may differ from turn to turn is a @query, which is asked in each of them, "
    "or events with a name of their own, one after the other; a name is written out, not computed.",
)


@dataclass(frozen=True, slots=True)
class _Ways:
    """Which ways lead round to where an event is asked for again: the end of a turn, the end of the loop, a call of the
    same choreography. `told`: the name of a wait that was told in time."""

    again: bool
    leave: bool = False
    calls: bool = False
    told: str | None = None


def warnings(choreography: Choreography, source: Source) -> Iterator[Diagnostic]:
    """The events of which a later turn of a loop, or a call of the same choreography by itself, asks again."""
    found: dict[tuple[str, str], Invoke] = {}
    for loop in (point for point in walk(choreography.everything) if isinstance(point, Loop)):
        _round(loop.body, loop.body, True, _Ways(again=True), found)
    for procedure in choreography.amended_procedures:
        _round(procedure.body, (), False, _Ways(again=False, calls=True), found)
    for point in found.values():
        name = waits.event_in(point.offer.name)
        yield Diagnostic(
            SAME_EVENT,
            point.span,
            f"{point.role} may ask for the event {name} again and again, and has the first value of it each time",
            "one event before the loop, or a @query in each turn",
            (),
            source.line(point.span.line),
        )


def _round(block: Block, turn: Block, behind: bool, ways: _Ways, found: dict[tuple[str, str], Invoke]) -> bool:
    """Whether a block, in a loop with this `turn`, may come round; and which events are asked for on such a way. It is
    gone through from its end: `behind` says it of what follows."""
    for at in range(len(block) - 1, -1, -1):
        match block[at]:
            case Again():
                behind = ways.again
            case Leave():
                behind = ways.leave
            case Return() | Abort():
                behind = False
            case If(test=test) as point:
                truth = None if ways.told is None else _truth(test.node, ways.told)
                sides = {label: _round(side, turn, behind, ways, found) for label, side in point.branches}
                behind = any(sides.values()) if truth is None else sides[THEN if truth else ELSE]
            case Loop(body=body):
                behind = _round(body, body, behind, replace(ways, again=behind, leave=behind), found)
            case Enter() if ways.calls:
                behind = True
            case Invoke() as point if behind and waits.event_in(point.offer.name) is not None:
                if ways.told is None and _comes_back(point, block[at + 1 :], turn, ways):
                    found.setdefault((point.site, point.role), point)
    return behind


def _comes_back(point: Invoke, rest: Block, turn: Block, ways: _Ways) -> bool:
    """Whether an event is asked for again after it was told. A wait that has its answer in time may be over then."""
    if not waits.is_timed(point.offer.name) or point.target is None:
        return True
    told = replace(ways, told=point.target)
    again = ways.again and (not turn or _round(turn, turn, True, told, {}))
    return _round(rest, turn, again, replace(told, again=again), {})


def _truth(node: ast.expr, told: str) -> bool | None:
    """What a condition is if this wait was told in time; None if that does not say it."""
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr="ok") if name == told:
            return True
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            truth = _truth(operand, told)
            return None if truth is None else not truth
        case ast.BoolOp(op=op, values=values):
            decides = isinstance(op, ast.Or)
            truths = [_truth(value, told) for value in values]
            if decides in truths:
                return decides
            return None if None in truths else not decides
    return None
