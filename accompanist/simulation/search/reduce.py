"""Partial-order reduction: a step whose order no other role can observe is taken at once, and alone.

When a saga is undone, each role closes, compensates and answers independently of the others. A full search tries all
orders in which n roles take their k steps: about k to the power of n states, and no property distinguishes them. So if
a role has a *quiet* step, the search takes that step and leaves all others for later.

A step c of role A is quiet if it can always be moved in front of the steps that come before it. Then every run w1 c w2
has a run c w1 w2 that ends in the same state, and in which every other role takes the same steps. So the reduced search
keeps broken properties, outcomes and cycles. (These are persistent sets of one step, as in Godefroid and Valmari;
Groote and van de Pol call it confluence.) A step is quiet if all of this holds:

1.  *A goes back for good.* It is undoing, undone, over, or closing because it was told to. Then the table of
    `runtime.saga` has no row that leads forward again. Whatever still arrives is noted or ignored, and notes are sets.
    A role that closes by itself is left out, because an abort that arrives first decides whose vote it is. A close that
    may be answered with a reply is left out, too. Or A has voted done and hears that the saga is settled. After that
    nothing counts at A; if another role aborted nevertheless, that role would not be settled, and its own steps, all of
    which are searched, would show it.
    1b. Or *A hears an abort, and nothing leads forward any more*. That is so if A's program has ended, waits for a
    message or has not begun, A has no call under way, and no message for A can come from a role that can run on, or
    from one that waits for such a role. Then A can only hear that the saga is undone. Whom it hears first decides whose
    reason is written, which is for people only. A could be told `settled` instead only by an initiator that counts
    without the role that has aborted; then that role is not settled, and its own steps are searched. A is told `ended`
    only after all roles that were told of an abort have answered; A is one of them, so that comes later. Left out is
    the initiator, since it counts. Left out are all states in which the adversary can still cause an abort, by a
    cancel, a deadline or a lie.
2.  *c commutes with everything else that A can do here,* including late calls and messages that are heard again. This
    is computed on A's own automaton: both orders lead to one state and hand over the same messages, or one of the two
    steps leaves the other without effect.
3.  *A does not crash, and c sends nothing to a role that does.* A crash does not commute, and a message does not
    commute with a restart that reads the inbox. If A may crash, c is quiet only if a crash leaves the same state
    whether c was taken or not: c was then a note that only memory kept. This is computed, too. Who may crash is chosen
    before the run begins: there is one start for every set of roles that may crash, and together the starts have all
    runs. The other roles do not look into their inbox before they hear from it, so a message may come earlier.
4.  *c is helpful, and no declared end of the saga by the initiator,* who counts the votes of others. A helpful step
    uses no fault up, so the adversary can still do whatever it could have done.

Quiet steps alone form no cycle: each one hears a message, writes a mark, closes a door or ends. So no other role is
postponed for ever, which any search that takes the step of one role alone has to prove. So the states between quiet
steps need not be kept: a search goes on from a step that is not quiet until no role has a quiet step, and keeps only
that state. (Seven services, one decline: some 21,000 states if all are kept, 3,500 without these, 900 with rule 1b.)

Not promised: that the schedule which is shown is the shortest of all. It is the shortest that was searched. Beyond
rule 2, the argument rests on the table of `runtime.saga`. `tests/model/test_reduced.py` compares the verdicts of
reduced and full searches, and every rule that is switched off has to fail in a reduced search, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from itertools import combinations
from typing import NamedTuple

from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import Phase, ResultKind
from accompanist.runtime.saga import FINAL
from accompanist.simulation.search.role import RoleSystem
from accompanist.simulation.search.state import DOWN, Chance, RoleState, Transition

_BACK = frozenset({Phase.UNDOING, Phase.UNDONE})
_TOLD = frozenset({Kind.ABORT, Kind.COMPENSATED})
_OVER = frozenset({Kind.SETTLED, Kind.ENDED})
_FORWARD = frozenset({Kind.START, Kind.DATA, Kind.CHOICE, Kind.EVENT, Kind.CANCEL, Kind.OPERATOR})
"""The messages that may make a program run on, or change a decision."""
_steps_max = 10_000


class QuietStep(NamedTuple):
    """A quiet step. `silent`: a crash of the role undoes it without a trace."""

    move: Transition
    silent: bool


class Progress(Enum):
    """Whether a role's program can run on: by itself, when a message comes, or never again."""

    RUNS = "runs"
    WAITS = "waits"
    STOPPED = "stopped"


class Quiet:
    """The quiet steps of one role, by the number of its state. Results are cached. `hears_aborts`: rule 1b is on."""

    def __init__(self, role: RoleSystem, hears_aborts: bool) -> None:
        self._role, self._hears_aborts = role, hears_aborts
        self._known: dict[tuple[int, bool], tuple[QuietStep, ...]] = {}
        self._rests: dict[tuple[int, bool, bool, frozenset[str]], tuple[int, tuple[Transition, ...]]] = {}
        self._standings: dict[int, Progress] = {}

    def rest(self, at: int, crashes: bool, cut_off: bool, deaf: frozenset[str]) -> tuple[int, tuple[Transition, ...]]:
        """The state that the role's quiet steps lead to, one after the other, and these steps. `crashes`: the role may
        crash. `cut_off`: nothing leads forward here any more. `deaf`: the roles that no step may send to (rule 3)."""
        key = (at, crashes, cut_off, deaf)
        known = self._rests.get(key)
        if known is None:
            known = self._rests[key] = self._taken(at, crashes, cut_off, deaf)
        return known

    def standing(self, at: int) -> Progress:
        """Whether the program can run on in this state."""
        known = self._standings.get(at)
        if known is None:
            known = self._standings[at] = self._stands(at)
        return known

    def _taken(self, at: int, crashes: bool, cut_off: bool, deaf: frozenset[str]) -> tuple[int, tuple[Transition, ...]]:
        taken: list[Transition] = []
        while (move := self._next(at, crashes, cut_off, deaf)) is not None:
            taken.append(move)
            at = move.to
            if len(taken) > _steps_max:
                raise AssertionError(f"the quiet steps of {self._role.name} go round in a circle")
        return at, tuple(taken)

    def _next(self, at: int, crashes: bool, cut_off: bool, deaf: frozenset[str]) -> Transition | None:
        for move, silent in self.steps(at, cut_off):
            heard = not any(receiver in deaf for receiver in self._role.receivers(move))
            if heard and (silent or not crashes):
                return move
        return None

    def steps(self, at: int, cut_off: bool) -> tuple[QuietStep, ...]:
        """The steps of this state that are quiet by the rules about this role alone. The caller checks rule 3."""
        cut_off = cut_off and self._hears_aborts
        if (at, cut_off) not in self._known:
            moves = (move for move in self._candidates(at, cut_off) if self._commutes(at, move))
            self._known[at, cut_off] = tuple(QuietStep(move, self._silent(at, move)) for move in moves)
        return self._known[at, cut_off]

    def _candidates(self, at: int, cut_off: bool) -> Iterator[Transition]:
        state = self._role.state(at)
        if cut_off and self.standing(at) is not Progress.RUNS and state.live != DOWN and not self._role.is_over(at):
            yield from (move for move in self._role.hearing(at, {Kind.ABORT}) if move.chance is Chance.HELPFUL)
        if state.live < 0:
            return
        phase = self._role.live_row(at).phase
        if phase in _BACK or phase in FINAL or (phase is Phase.CLOSING and self._goes_back(state)):
            for move in self._role.moves(at):
                if move.chance is Chance.HELPFUL and not move.declines and not self._ends(move, phase):
                    yield move
        if phase in (Phase.DONE, Phase.UNDONE):
            yield from self._role.hearing(at, _OVER)

    def _stands(self, at: int) -> Progress:
        state = self._role.state(at)
        if self._role.is_over(at):
            return Progress.STOPPED
        if state.live == DOWN or self._role.unheard(state, _FORWARD):
            return Progress.RUNS
        if state.live < 0:
            return Progress.WAITS
        phase = self._role.live_row(at).phase
        if phase is Phase.RUNNING:
            return Progress.RUNS if state.asked or state.timers else Progress.WAITS
        return Progress.STOPPED if phase in _BACK or phase is Phase.DONE else Progress.RUNS

    def _goes_back(self, state: RoleState) -> bool:
        """Rule 1: it was told to, it does not ask whether a call was executed after all, and no forward call is under
        way."""
        open_call = any(
            call.unless is not None if isinstance(call, CloseWorker) else call.kind is ResultKind.FORWARD
            for call in state.asked
            if isinstance(call, (CloseWorker, CallWorker))
        )
        return not open_call and self._role.heard_of(state, _TOLD)

    def _ends(self, move: Transition, phase: Phase) -> bool:
        """Whether a step ends the saga. Only a step that counts the others' answers does."""
        return phase not in FINAL and self._role.is_over(move.to)

    def _commutes(self, at: int, step: Transition) -> bool:
        if step.broken is not None:
            return False
        return all(
            self._swap(step, other)
            for other in self._role.moves(at)
            if other != step and other.chance is not Chance.CRASH
        )

    def _silent(self, at: int, step: Transition) -> bool:
        """Whether every crash leaves the same state after the step as before it."""
        crashes = (move for move in self._role.moves(at) if move.chance is Chance.CRASH)
        return not step.sent and all(
            any((later.to, later.sent) == (crash.to, crash.sent) for later in self._same(step.to, crash))
            for crash in crashes
        )

    def _swap(self, step: Transition, other: Transition) -> bool:
        """Whether two steps of one state lead to one place in either order."""
        if other.broken is not None:
            return False
        first, second = list(self._same(step.to, other)), list(self._same(other.to, step))
        if any(move.broken for move in (*first, *second)):
            return False
        one = {_together(step, move) for move in first} or {_together(step)}
        two = {_together(other, move) for move in second} or {_together(other)}
        return bool(one & two)

    def _same(self, at: int, move: Transition) -> Iterable[Transition]:
        return (later for later in self._role.moves(at) if (later.text, later.chance) == (move.text, move.chance))


def _together(*moves: Transition) -> tuple[int, frozenset[int]]:
    return moves[-1].to, frozenset(number for move in moves for number in move.sent)


def crashing(roles: int, crashes: int) -> list[frozenset[int]]:
    """Every set of roles that may crash, by their places in the list of roles."""
    if not crashes:
        return [frozenset()]
    return [frozenset(places) for places in combinations(range(roles), min(crashes, roles))]


def cut_off(standings: Sequence[Progress], sends_to: Sequence[frozenset[int]]) -> frozenset[int]:
    """The places of the roles at which nothing leads forward any more: no message for them can come from a role that
    can run on, or from one that waits for such a role. `sends_to`: by place, the roles that a program can send to."""
    runs = [at for at, standing in enumerate(standings) if standing is Progress.RUNS]
    for at in runs:
        runs.extend(to for to in sends_to[at] if to not in runs and standings[to] is Progress.WAITS)
    return frozenset(range(len(standings))) - frozenset(runs)
