"""Fewer schedules for the same verdict: a step whose time nobody can tell is taken at once, and alone.

When a saga is undone, every role closes, compensates and answers by itself, and a full search tries all the orders in
which n roles take their k steps: about k to the power of n states that differ in nothing a property looks at. So where
some role has a *quiet* step, the search takes that step and leaves all others for later.

A step c of role A is quiet if, from here on, it can be moved in front of everything that happens before it. Then every
run w1 c w2 has a run c w1 w2 that ends in the same state and in which each other role takes the same steps, so that
breaks at steps, outcomes and cycles are kept. (Persistent sets of one step, as Godefroid and Valmari have them; Groote
and van de Pol call it confluence.) It is quiet if all of this holds:

1.  *A goes back for good.* It is undoing, undone, over, or closing because it was told to: then the table of
    `runtime.saga` has no row that leads forward again, whatever still arrives is noted or ignored, and notes are sets.
    A role that closes of itself is left out, since an abort that arrives first decides whose vote it is; so is a close
    that may be answered with a reply. Or A has voted done and hears that the saga is settled: after that nothing
    counts at A, and had another role aborted in spite of it, that role would not be settled, and its own steps, which
    are all searched, say so.
2.  *c commutes with whatever else A can do here,* its late calls and what it hears again included. This is not argued
    but computed, on A's own automaton: both orders lead to one state and hand over the same messages; or one of the two
    leaves the other without effect.
3.  *A does not crash, and c sends nothing to a role that does.* A crash does not commute, nor does a message with a
    restart that reads the inbox. If A may crash, c is quiet only if a crash leaves the same behind whether c was taken
    or not, which is computed, too: c was a note that only memory kept. Who may crash is chosen before the run begins:
    there is one start for every set of as many roles as may crash, and together they have all runs. The other roles do
    not look into their inbox before they hear from it, so a message may come earlier.
4.  *c is helpful and not a declared end of the saga by the initiator,* who counts the votes of others. It spends
    nothing of the adversary's, so nothing the adversary could have done is lost.

Quiet steps alone never go round in a circle: each one hears a message, writes a mark, closes a door or ends. So no
other role is forgotten for ever, which is what a search that takes one role's step alone has to prove.

Not promised: that the schedule which is shown is the shortest of all; it is the shortest of those that were searched.
What the argument rests on beyond 2 is the table of `runtime.saga`; `tests/model/test_reduced.py` holds reduced and full
searches to the same verdict, and every rule that is switched off must fail in a reduced search, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import NamedTuple

from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import Phase, ResultKind
from accompanist.runtime.saga import FINAL
from accompanist.simulation.explore_role import Role
from accompanist.simulation.explore_state import Chance, Move, RoleState

_BACK = frozenset({Phase.UNDOING, Phase.UNDONE})
_TOLD = frozenset({Kind.ABORT, Kind.COMPENSATED})
_OVER = frozenset({Kind.SETTLED, Kind.ENDED})


class Step(NamedTuple):
    """A quiet step. `silent`: a crash of the role undoes it without a trace."""

    move: Move
    silent: bool


class Quiet:
    """The quiet steps of one role, by the number of its state. Everything is computed once."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self._known: dict[int, tuple[Step, ...]] = {}

    def steps(self, at: int) -> tuple[Step, ...]:
        """The steps of this state that are quiet as far as this role can tell: rule 3 is the caller's."""
        if at not in self._known:
            moves = (move for move in self._candidates(at) if self._commutes(at, move))
            self._known[at] = tuple(Step(move, self._silent(at, move)) for move in moves)
        return self._known[at]

    def _candidates(self, at: int) -> Iterator[Move]:
        state = self._role.state(at)
        if state.live < 0:
            return
        phase = self._role.live_row(at).phase
        if phase in _BACK or phase in FINAL or (phase is Phase.CLOSING and self._goes_back(state)):
            for move in self._role.moves(at):
                if move.chance is Chance.HELPFUL and not move.declines and not self._ends(move, phase):
                    yield move
        if phase in (Phase.DONE, Phase.UNDONE):
            yield from self._role.hearing(at, _OVER)

    def _goes_back(self, state: RoleState) -> bool:
        """Told to, not asking whether a call was done after all, and with no call forward under way."""
        open_call = any(
            call.unless is not None if isinstance(call, CloseWorker) else call.kind is ResultKind.FORWARD
            for call in state.asked
            if isinstance(call, (CloseWorker, CallWorker))
        )
        return not open_call and self._role.heard_of(state, _TOLD)

    def _ends(self, move: Move, phase: Phase) -> bool:
        """Whether a step brings the saga to its end, which only counting the others' answers does."""
        return phase not in FINAL and self._role.is_over(move.to)

    def _commutes(self, at: int, step: Move) -> bool:
        if step.broken is not None:
            return False
        return all(
            self._swap(step, other)
            for other in self._role.moves(at)
            if other != step and other.chance is not Chance.CRASH
        )

    def _silent(self, at: int, step: Move) -> bool:
        """Whether every crash leaves the same behind after the step as before it."""
        crashes = (move for move in self._role.moves(at) if move.chance is Chance.CRASH)
        return not step.sent and all(
            any((later.to, later.sent) == (crash.to, crash.sent) for later in self._same(step.to, crash))
            for crash in crashes
        )

    def _swap(self, step: Move, other: Move) -> bool:
        """Whether two steps of one state lead to one place in either order."""
        if other.broken is not None:
            return False
        first, second = list(self._same(step.to, other)), list(self._same(other.to, step))
        if any(move.broken for move in (*first, *second)):
            return False
        one = {_together(step, move) for move in first} or {_together(step)}
        two = {_together(other, move) for move in second} or {_together(other)}
        return bool(one & two)

    def _same(self, at: int, move: Move) -> Iterable[Move]:
        return (later for later in self._role.moves(at) if (later.text, later.chance) == (move.text, move.chance))


def _together(*moves: Move) -> tuple[int, frozenset[int]]:
    return moves[-1].to, frozenset(number for move in moves for number in move.sent)


def crashing(roles: int, crashes: int) -> list[frozenset[int]]:
    """Every choice of the roles that may crash, by their places."""
    if not crashes:
        return [frozenset()]
    return [frozenset(places) for places in combinations(range(roles), min(crashes, roles))]
