"""Projection: the program of one role, backwards from the end, together with which names the role still needs.

An assignment is projected only at owners that later use the name. A branch is taken by the role itself if it owns the
guard and the sides differ; otherwise the sides must merge. Moves always happen, used or not: they are written, and a
later step may rely on the order they give.

A role that nothing has reached yet, and that is idle in one side and after it, is simply not reached in that side: its
program is the other side alone.

A role follows the turns of a loop only if it takes part in it (`liveness.takes_part`); else there is no loop in its
program.
"""

from __future__ import annotations

import ast
from collections.abc import Set
from dataclasses import dataclass

from accompanist.language.flow.backward import Jumps
from accompanist.language.ir import (
    Abort,
    Again,
    Block,
    ChoreographyHead,
    Enter,
    If,
    Invoke,
    Leave,
    Let,
    Loop,
    Move,
    Owners,
    Return,
    Select,
    Statement,
    actors,
    parties,
)
from accompanist.language.projection import local
from accompanist.language.projection.liveness import NO_TURN, Names, head, takes_part
from accompanist.language.projection.local import (
    Aborting,
    Arm,
    Calling,
    Choosing,
    Ending,
    Entering,
    Fork,
    Local,
    LocalBlock,
    LocalStatement,
    Offering,
    Receiving,
    Repeating,
    Sending,
    Stop,
    idle,
    stopped,
)
from accompanist.language.projection.merge import merge


@dataclass(frozen=True, slots=True)
class Ahead:
    """What lies after a point: the names the role still needs, and the roles that still act. In a loop, also what the
    role needs in the next turn and after the loop."""

    live: Names
    acting: Owners
    turn: Jumps[Names] = NO_TURN


NOTHING = Ahead(frozenset(), frozenset())


class Projector:
    """Projects blocks of one choreography to one role."""

    def __init__(self, header: ChoreographyHead, role: str) -> None:
        self._header, self.role = header, role

    def project(self, block: Block, ahead: Ahead, begun: Set[str]) -> tuple[LocalBlock, Names]:
        """The role's program for a block, and the names it needs before it. `begun`: the roles already reached.
        Raises NoMerge where the role would have to know a branch that it is not told."""
        made: LocalBlock = ()
        live, acting = ahead.live, ahead.acting
        reached = reach(block, begun, ahead.acting)
        for point, (at, own) in zip(reversed(block), reversed(reached), strict=True):
            made, live = self._point(point, made, Ahead(live, acting, ahead.turn), at)
            acting |= own
        return made, live

    def _point(self, point: Statement, rest: LocalBlock, ahead: Ahead, begun: Set[str]) -> tuple[LocalBlock, Names]:
        line, live, role = self._header.line_of(point.span), ahead.live, self.role
        match point:
            case Let(targets=targets, value=value):
                if role not in point.owners or not live & set(targets):
                    return rest, live
                return (Local(targets, value, point.unpacked, line), *rest), (live - set(targets)) | value.names
            case Invoke(target=target, arguments=arguments) if point.role == role:
                used = frozenset(name for _, value in arguments for name in value.names)
                bound = target if target in live else None
                call = Calling(point.site, bound, point.offer, arguments, point.attempt, line)
                return (call, *rest), (live - {target or ""}) | used
            case Move():
                return self._move(point, rest, live)
            case Select(sender=sender, receiver=receiver) if role == sender:
                return (Choosing(point.site, receiver, point.label, None, line), *rest), live
            case Select(sender=sender, receiver=receiver) if role == receiver:
                return (Offering(point.site, sender, (Arm(point.label, None, None, rest),), line),), live
            case Enter(target=target) if role in point.acting:
                given = tuple((one.name, value) for one, value in point.arguments if role in one.owners)
                used = frozenset(name for _, value in given for name in value.names)
                bound = target if target in live and role in point.owners else None
                entering = Entering(point.site, bound, point.procedure, given, line)
                return (entering, *rest), (live - {bound or ""}) | used
            case If():
                return self._branch(point, rest, ahead, begun)
            case Loop():
                return self._loop(point, rest, ahead, begun)
            case Again():
                return (local.Again(line),), ahead.turn.again
            case Leave():
                return (local.Leaving(line),), ahead.turn.leave
            case Return(value=value):
                if role in point.owners and not value.is_none:
                    return (Ending(value, line),), value.names
                return (Ending(None, line),), frozenset()
            case Abort():
                if point.role == role:
                    return (Aborting(point.site, point.reason, line),), point.reason.names
                return (Stop(point.role, line),), frozenset()
        return rest, live

    def _move(self, point: Move, rest: LocalBlock, live: Names) -> tuple[LocalBlock, Names]:
        role, line, target = self.role, self._header.line_of(point.span), point.target
        if role in point.receivers:
            bound = target if target in live else None
            carried = point.carried(role)
            if carried is None:
                return (Receiving(point.site, point.sender, bound, point.type, line), *rest), live - {target or ""}
            arm = Arm(carried.label, bound, point.type, rest)
            return (Offering(carried.site, point.sender, (arm,), line),), live - {target or ""}
        made: list[LocalStatement] = []
        if role == point.sender:
            for receiver in point.receivers:
                carried = point.carried(receiver)
                if carried is None:
                    made.append(Sending(point.site, receiver, point.value, line))
                else:
                    made.append(Choosing(carried.site, receiver, carried.label, point.value, line))
        used = point.value.names if made else frozenset()
        if role in point.owners and target is not None and target in live:
            if not (isinstance(point.value.node, ast.Name) and point.value.node.id == target):
                made.append(Local((target,), point.value, False, line))
            used, live = point.value.names, live - {target}
        elif target is not None and role in point.owners:
            live -= {target}
        return (*made, *rest), live | used

    def _branch(self, point: If, rest: LocalBlock, ahead: Ahead, begun: Set[str]) -> tuple[LocalBlock, Names]:
        then, live_then = self.project(point.then, ahead, begun)
        orelse, live_else = self.project(point.orelse, ahead, begun)
        line, live = self._header.line_of(point.span), live_then | live_else
        if self.role in point.owners:
            if then == orelse or (_nothing(then) and _nothing(orelse)):
                return (*(then if not stopped(then) else orelse), *rest), live
            return (Fork(point.test, then, orelse, line), *rest), live | point.test.names
        if unreached(self.role, then, orelse, ahead, begun):
            return (*(orelse if idle(then) else then), *rest), live
        return (*merge(then, orelse), *rest), live

    def _loop(self, point: Loop, rest: LocalBlock, ahead: Ahead, begun: Set[str]) -> tuple[LocalBlock, Names]:
        if not takes_part(point, self.role, ahead.live, ahead.acting):
            return rest, ahead.live
        inner = inside(point, self.role, ahead)
        body, _ = self.project(point.body, inner, begun)
        return (Repeating(point.site, body, self._header.line_of(point.span)), *rest), inner.turn.again


def inside(loop: Loop, role: str, ahead: Ahead) -> Ahead:
    """What lies after the points of a loop's body: the next turn, and what is after the loop."""
    again = head(loop, role, ahead.live)
    return Ahead(again, ahead.acting | parties(loop, ahead.acting), Jumps(again, ahead.live))


def unreached(role: str, then: LocalBlock, orelse: LocalBlock, ahead: Ahead, begun: Set[str]) -> bool:
    """Whether a role may stay out of one side: nothing has reached it yet, and it is idle there and after."""
    return role not in begun and role not in ahead.acting and (idle(then) or idle(orelse))


def reach(block: Block, begun: Set[str], acting: Owners) -> list[tuple[Set[str], Owners]]:
    """For each statement of a block, the roles that have been reached before it (for a branch, inside its sides), and
    those that act in it. `acting` are the roles that act after the block.

    A role that acts in both sides, or in one and after, is told the branch at its beginning, so it counts as reached
    inside. That may be too many, never too few: then a role is told something it would not have needed.
    """
    after: list[Owners] = []
    acts = [actors((point,)) for point in block]
    for own in reversed(acts):
        after.append(acting)
        acting |= own
    reached: list[tuple[Set[str], Owners]] = []
    for point, own, later in zip(block, acts, reversed(after), strict=True):
        within = begun
        if isinstance(point, If):
            one, other = actors(point.then), actors(point.orelse)
            within = begun | (one & other) | ((one | other) & later)
        elif isinstance(point, Loop):
            within = begun | parties(point, later)  # whoever takes part is told how the loop ends
        reached.append((within, own))
        begun = begun | (within if isinstance(point, Loop) else own)
    return reached


def _nothing(block: LocalBlock) -> bool:
    return stopped(block) or idle(block)
