"""The promises of docs/protocol.md as properties of states.

A run is judged in three places: at each effect (`executed`), at each commit (`committed`), and in a state in which only
the adversary can move (`ended`). A search checks one thing more: helpful steps form no cycle, so every run ends once
the adversary leaves it alone.

Time always passes, and every event that the search has a value for is sent sooner or later. A session that waits for an
event that never comes has not ended; that is up to the environment, and no deadlock. If the search has no value for an
event that races with a timer, the timer ends the wait.

Not judged: what concerns several sessions, for example that a parked one holds up no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from accompanist.runtime.ports import Parked, Phase, ResultKind, ResultRow, SessionRow
from accompanist.runtime.replay import DIVERGED
from accompanist.runtime.saga import IMPOSSIBLE
from accompanist.runtime.state import CLASH
from accompanist.runtime.undo import UNDO_STUCK
from accompanist.runtime.unfenced import IN_DOUBT, UNENDED
from accompanist.simulation.fence import FenceState


class Property(StrEnum):
    """The properties, each as the sentence that has to hold."""

    ENDS = "every session ends by itself once the adversary leaves it alone"
    ALL = "all or compensated"
    ONCE = "each effect at most once, and exactly once if settled"
    AGREEMENT = "every role that was reached ends alike"
    INTEGRITY = "one content under one identity"
    WRITE_ONCE = "a vote and an outcome are written once"
    REPLAY = "a replay asks what was asked before"
    TOMBSTONE = "nothing starts after an abort was heard"
    POSSIBLE = "no event is impossible where it happens"
    UNPARKED = "nobody waits for an operator"
    FAITHFUL = "a settled saga did what its choreography says"
    REFINES = "every step is one of the proved protocol"


PLAIN = {
    Property.ONCE: "each effect at least once if settled; none is forgotten, and none comes after what undoes it",
    Property.UNPARKED: "nobody waits for an operator but for a pivot in doubt, or a call that does not end",
}
"""What holds instead if the worker has no fence."""


class Broken(Exception):
    """A property does not hold. `text` says what shows it."""

    def __init__(self, property: Property, text: str) -> None:
        super().__init__(f"{property.value}: {text}")
        self.property, self.text = property, text


@dataclass(frozen=True, slots=True)
class FinalState:
    """One role at the end of a run. `reached`: a message arrived that begins a session."""

    row: SessionRow | None
    reached: bool
    fence: FenceState
    unspoilt: bytes
    """The worker's data before the saga."""
    results: tuple[ResultRow, ...] = ()
    """The results that only the log has: those of waits for time and events, the answers of queries, and without a
    fence every answer."""
    plain: bool = False
    """Whether the worker has no fence. Then a session that is left to a person has ended."""

    @property
    def doubt(self) -> str | None:
        """The code under which it is left to a person; None if it is not, or may not be."""
        parked = self.row.parked if self.row is not None and self.plain else None
        return parked.code if parked is not None and parked.code in (IN_DOUBT, UNENDED) else None


BACK = frozenset({Phase.UNDOING, Phase.UNDONE, Phase.ENDED})
"""The phases of a session that is being undone, or was: no program runs, and timers are ignored."""


def parked(role: str, parked: Parked) -> Broken:
    """The property that a parked session breaks. In a search no worker stays broken, so no operator may be needed."""
    named = {
        DIVERGED: Property.REPLAY,
        CLASH: Property.INTEGRITY,
        UNDO_STUCK: Property.ALL,
        IMPOSSIBLE: Property.POSSIBLE,
    }
    return Broken(named.get(parked.code, Property.UNPARKED), f"{role} is parked: {parked.text} ({parked.code})")


def committed(role: str, before: SessionRow | None, after: SessionRow) -> None:
    """Judge a session row that replaces another. Raises Broken."""
    if before is None:
        return
    for name in ("vote", "outcome"):
        was, is_now = getattr(before, name), getattr(after, name)
        if was is not None and was != is_now:
            raise Broken(Property.WRITE_ONCE, f"{name} of {role} was {was} and is {is_now}")


def executed(role: str, row: SessionRow | None, before: FenceState, after: FenceState) -> None:
    """Judge the effect of one step at a worker. Raises Broken."""
    new = after.executed[len(before.executed) :]
    overtaken = next((entry for entry in new if _compensated(before, entry.site)), None)
    if overtaken is not None:
        raise Broken(Property.TOMBSTONE, f"{role} did {overtaken.operation} at {overtaken.site} after it was undone")
    if after.doubled:
        raise Broken(Property.ONCE, f"{role} did {after.doubled[-1]} twice")
    if len(after.executed) > len(before.executed) and row is not None and row.phase in BACK:
        done = after.executed[-1]
        raise Broken(Property.TOMBSTONE, f"{role} did {done.operation} at {done.site} while it was {row.phase.value}")
    twice = [site for site, count in Counter(after.undone).items() if count > 1]
    if twice:
        raise Broken(Property.ONCE, f"{role} undid {twice[0]} twice")


def _compensated(fence: FenceState, site: str) -> bool:
    return any(record.site == site and record.kind is ResultKind.COMPENSATE for record in fence.records)


LEFT = "left to a person"


def ended(initiator: str, roles: Mapping[str, FinalState]) -> str:
    """Judge the end of a run, and return its outcome. Raises Broken."""
    row = roles[initiator].row
    outcome = None if row is None else row.outcome
    if outcome is None and any(state.doubt for state in roles.values()):
        _left(roles)
        return LEFT
    if outcome is None:
        waits = "; ".join(f"{role} {_standing(state)}" for role, state in roles.items())
        raise Broken(Property.ENDS, f"nothing is left to happen and the saga is not over: {waits}")
    due = Phase.SETTLED if outcome == "settled" else Phase.ENDED
    for role, state in roles.items():
        for broken in _role(role, state, outcome, due):
            raise broken
    return outcome


def _left(roles: Mapping[str, FinalState]) -> None:
    """Judge a saga that is left to a person: if it is unknown whether the pivot was executed, nothing may have been
    undone. Raises Broken."""
    for role, state in roles.items():
        if state.doubt != IN_DOUBT:
            continue
        if state.row is not None and state.row.vote is not None:
            raise Broken(Property.ALL, f"{role} votes {state.row.vote}, and nobody knows whether its pivot was done")
        undone = next((other for other, state in roles.items() if state.fence.undone), None)
        if undone is not None:
            raise Broken(Property.ALL, f"{undone} is undone, and nobody knows whether the pivot of {role} was done")


def _role(role: str, state: FinalState, outcome: str, due: Phase) -> Iterator[Broken]:
    fence = state.fence
    done = tuple(entry.site for entry in fence.executed)
    if (state.reached or done) and (state.row is None or state.row.phase is not due):
        yield Broken(Property.AGREEMENT, f"the initiator says {outcome}, {role} {_standing(state)}")
    if outcome == "settled" and fence.undone:
        yield Broken(Property.ALL, f"settled, and {role} has undone {', '.join(fence.undone)}")
    if outcome == "ended":
        left = [entry for entry in fence.executed if entry.site not in fence.undone]
        if left:
            shown = ", ".join(f"{entry.operation} at {entry.site}" for entry in left)
            raise Broken(Property.ALL, f"the saga was undone, and at {role} there remains {shown}")
        if fence.undone != done[::-1]:
            yield Broken(Property.ALL, f"{role} undid {', '.join(fence.undone)} after doing {', '.join(done)}")
        if fence.memory != state.unspoilt:
            yield Broken(Property.ALL, f"the saga was undone, and the data of {role} is not what it was before")


def _standing(state: FinalState) -> str:
    if state.row is None:
        return "has messages and no session" if state.reached else "has not begun"
    return f"is {state.row.phase.value}"
