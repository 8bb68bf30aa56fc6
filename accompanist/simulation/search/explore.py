"""Breadth-first search of every run of one saga within bounds, on the real session cores.

A state is one state of each role (`search.role`) and what the adversary may still spend. The search meets the
shortest failing schedule first, judges every step and every end (`search.properties`), and at last looks for a cycle
of helpful steps, which would be a run that never ends. Steps whose time nobody can tell are taken at once, and alone,
and what lies between them is not kept: `search.reduce` says which, and why the verdict is the same.

What it is: a search, exhaustive within its bound, of the code that the sidecar runs. What it is not: a proof for other
arguments, other replies, more crashes than were allowed, or several sessions. The sidecar's own shell (its tasks, its
group commit, leases) is not in it; a commit is one instant. `Report.unexplored` says what a search left out.
"""

from __future__ import annotations

import resource
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import NamedTuple
from uuid import UUID

import msgspec

from accompanist.language import waits
from accompanist.language.program.program import RoleProgram
from accompanist.runtime.control import CLIENT, control, event, site_of
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.simulation.search import properties
from accompanist.simulation.search.abstraction import Refinement
from accompanist.simulation.search.cycle import on_a_cycle
from accompanist.simulation.search.early import EarlyRole, on_the_road
from accompanist.simulation.search.fence import ModelWorker
from accompanist.simulation.search.lies import lies_of
from accompanist.simulation.search.plain import PlainRole
from accompanist.simulation.search.properties import Broken, FinalState, Property
from accompanist.simulation.search.reduce import Quiet, crashing, cut_off
from accompanist.simulation.search.role import RoleSystem
from accompanist.simulation.search.stale import StaleRole
from accompanist.simulation.search.state import DOWN, Chance, Post, Rules, Transition

_looked_every = 256


class FaultBudget(NamedTuple):
    """What the adversary may spend in one run. `lies`: aborts that a role says without cause, to one that may hear them
    of it, while its own session goes on as if it had not."""

    crashes: int = 1
    lost_answers: int = 0
    declines: int = 1
    deadlines: int = 0
    cancels: int = 0
    lies: int = 0


class Purse(NamedTuple):
    """What the adversary has left, and the places of the roles that it may still crash."""

    left: FaultBudget
    crashing: frozenset[int]


_SPENT = {
    Chance.CRASH: "crashes",
    Chance.LOST: "lost_answers",
    Chance.DECLINE: "declines",
    Chance.DEADLINE: "deadlines",
    Chance.CANCEL: "cancels",
    Chance.LIE: "lies",
}


@dataclass(frozen=True, slots=True)
class SearchBounds:
    """When a search gives up."""

    states_max: int = 2_000_000
    seconds_max: float = 300.0
    bytes_max: int = 4_000_000_000


class ScheduleStep(NamedTuple):
    """One thing of a schedule: where it happened, what, and which messages left."""

    role: str
    text: str
    sent: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a search found. `broken` with its shortest `schedule`, or nothing; `stopped` is why it gave up before the
    end, if it did. `sites`: every site that was called or sent at. `reasons`: why sagas were undone. `refined`: how
    many steps are steps of the proved protocol, if that was asked for."""

    broken: Broken | None
    schedule: tuple[ScheduleStep, ...]
    states: int
    steps: int
    seconds: float
    depth: int
    waiting: int
    stopped: str
    ends: Mapping[str, int]
    sites: frozenset[str]
    reasons: Mapping[str, int] = field(default_factory=dict)
    refined: int | None = None

    @property
    def holds(self) -> bool:
        return self.broken is None

    @property
    def complete(self) -> bool:
        return self.holds and not self.stopped


Trail = list[tuple[int, Transition]]
"""Moves that were taken one after the other, each with the place of its role."""

Judge = Callable[[str, Mapping[str, FinalState]], None]
"""More to say about an end: (outcome, roles); raises Broken."""


Events = Mapping[str, Mapping[str, bytes]]
"""What is told from outside, sooner or later: by role and name, the value's JSON bytes."""


@dataclass
class Explorer:
    """A saga to be searched. `workers` by role; `arguments` is the start's payload. `reduced`: quiet steps are taken
    alone, and everything else that can happen waits. `plain`: the roles whose workers have no fence. `refines`: each
    step is mapped to the proved protocol."""

    programs: Mapping[str, RoleProgram]
    workers: Mapping[str, ModelWorker]
    arguments: bytes
    faults: FaultBudget = field(default_factory=FaultBudget)
    rules: Rules = field(default_factory=Rules)
    judge: Judge | None = None
    progress: Callable[[int, int, float], None] | None = None
    events: Events = field(default_factory=dict)
    reduced: bool = True
    plain: frozenset[str] = frozenset()
    refines: bool = False

    def __post_init__(self) -> None:
        choreography = next(iter(self.programs.values())).choreography
        assert choreography.initiator is not None, "a choreography without an initiator cannot be started"
        self.initiator = choreography.initiator
        self.header = Header(
            session=UUID(int=0),
            choreography=choreography.name,
            fingerprint=choreography.fingerprint,
            initiator=self.initiator,
            bindings={role: role for role in self.programs},
            started_at=0.0,
        )
        self.post = Post()
        timed = self.faults.deadlines > 0
        road = self.rules.road
        assert road is None or not self.plain, "early release is for workers with a fence"
        kinds = {role: PlainRole if role in self.plain else RoleSystem for role in self.programs}
        if road is not None:
            kinds = dict.fromkeys(self.programs, StaleRole if road.stale else EarlyRole)
        self.roles = [
            kinds[role](program, self.workers[role], self.rules, self.post, timed)
            for role, program in self.programs.items()
        ]
        self.reduced = self.reduced and road is None
        self._places = {role.name: at for at, role in enumerate(self.roles)}
        calm = not (self.faults.cancels or self.faults.deadlines or self.faults.lies)
        self._quiet = [Quiet(role, calm and role.name != self.initiator) for role in self.roles]
        self._sends_to = [
            frozenset(self._places[other] for other in program.projection.sends_to if other in self._places)
            for program in self.programs.values()
        ]
        self._purses = [Purse(self.faults, frozenset(range(len(self.roles))) if self.faults.crashes else frozenset())]
        self._spent: dict[tuple[int, int, Chance], int] = {}
        self._cancel = self.post.number(control(self.header, Kind.CANCEL, CLIENT, self.initiator, "no more"))
        self._lies = [self.post.number(lie) for lie in lies_of(self.header, self.programs)] if self.faults.lies else []
        for role in self.roles:
            role.lies = frozenset(self._lies)
            role.remembers = self.refines
        self._told = [
            (
                self._places[role],
                self.post.number(event(UUID(int=0), role, role, name, value, 0.0)),
                f"{role} is told {name}",
            )
            for role, told in self.events.items()
            for name, value in told.items()
        ]
        self.reduced = self.reduced and not any(map(self._waits, self.programs.values()))
        start = Message(
            header=self.header,
            kind=Kind.START,
            site=site_of(Kind.START),
            sender=CLIENT,
            receiver=self.initiator,
            payload=self.arguments,
        )
        self.first = self.deliver((*(role.first for role in self.roles), 0), (self.post.number(start),))

    def starts(self) -> list[tuple[int, ...]]:
        """Where a search begins: once, or once for every choice of the roles that may crash."""
        if not self.reduced:
            return [self.first]
        chosen = crashing(len(self.roles), self.faults.crashes)
        return [(*self.first[:-1], self._purse(Purse(self.faults, places))) for places in chosen]

    # -- one step ----------------------------------------------------------------------------------

    def deliver(self, state: tuple[int, ...], sent: tuple[int, ...]) -> tuple[int, ...]:
        """The state with messages in their receivers' inboxes. Raises Broken."""
        if not sent:
            return state
        changed = list(state)
        for number in sent:
            place = self._places[self.post.messages[number].receiver]
            changed[place] = self.roles[place].deposit(changed[place], number)
        return tuple(changed)

    def moves(self, state: tuple[int, ...]) -> Iterator[tuple[int, Transition, int]]:
        """(place, move, purse thereafter) of everything that can happen."""
        purse = state[-1]
        for place, role in enumerate(self.roles):
            for move in role.moves(state[place]):
                if move.chance is Chance.WRITE and place not in self._purses[purse].crashing:
                    continue  # what no crash can take away need not be written
                left = self._spend(purse, place, move.chance)
                if move.declines and left >= 0:
                    left = self._spend(left, place, Chance.DECLINE)
                if left >= 0:
                    yield place, move, left
        for place, number, text in self._told:
            if self.roles[place].deposit(state[place], number) != state[place]:
                yield place, Transition(text, Chance.HELPFUL, state[place], (number,)), purse
        if self._purses[purse].left.cancels:
            place = self._places[self.initiator]
            if self.roles[place].deposit(state[place], self._cancel) != state[place]:
                move = Transition("the client cancels", Chance.CANCEL, state[place], (self._cancel,))
                yield place, move, self._spend(purse, place, Chance.CANCEL)
        if self._purses[purse].left.lies:
            yield from self._lied(state)

    def _lied(self, state: tuple[int, ...]) -> Iterator[tuple[int, Transition, int]]:
        """A role that takes part says what is not so, to one that takes part: to another it could as well be silent."""
        for number in self._lies:
            lie = self.post.messages[number]
            liar, place = self._places[lie.sender], self._places[lie.receiver]
            if self.roles[liar].takes_part(state[liar]) and self.roles[place].hears_lie(state[place], number):
                move = Transition(f"{lie.sender} LIES to {lie.receiver}: abort", Chance.LIE, state[place], (number,))
                yield place, move, self._spend(state[-1], place, Chance.LIE)

    @staticmethod
    def _waits(program: RoleProgram) -> bool:
        """A race makes a step that hears something compete with time: none of them is quiet."""
        return any(map(waits.is_wait, program.projection.operations))

    def after(
        self, state: tuple[int, ...], place: int, move: Transition, left: int, trail: Trail | None = None
    ) -> tuple[int, ...]:
        """The state that a move leads to, with all that is quiet after it. What is taken on the way is added to the
        `trail`. Raises Broken."""
        if trail is not None:
            trail.append((place, move))
        if move.broken is not None:
            raise move.broken
        to = (*state[:place], move.to, *state[place + 1 : -1], left)
        to = self.deliver(to, move.sent)
        to = on_the_road(self.roles, self.post, to, place, move)
        return self._settled(to, trail) if self.reduced else to

    def _settled(self, state: tuple[int, ...], trail: Trail | None) -> tuple[int, ...]:
        """The state after the quiet steps of all roles."""
        crashing = self._purses[state[-1]].crashing
        down = (at for at, role in enumerate(self.roles) if role.state(state[at]).live == DOWN)
        deaf = frozenset(self.roles[at].name for at in (*crashing, *down))
        alone = cut_off([quiet.standing(at) for quiet, at in zip(self._quiet, state, strict=False)], self._sends_to)
        place = -1
        while (place := place + 1) < len(self.roles):
            to, steps = self._quiet[place].rest(state[place], place in crashing, place in alone, deaf)
            if steps:
                if trail is not None:
                    trail.extend((place, step) for step in steps)
                sent = tuple(number for step in steps for number in step.sent)
                state, place = self.deliver((*state[:place], to, *state[place + 1 :]), sent), -1
        return state

    def step(self, place: int, move: Transition) -> ScheduleStep:
        """A move, for people."""
        sent = tuple(self.post.messages[number] for number in (*move.sent, *move.road))
        return ScheduleStep(self.roles[place].name, move.text, sent)

    def judge_end(self, state: tuple[int, ...]) -> str:
        """The outcome where nothing is left to happen. Raises Broken."""
        roles = {role.name: role.ended(state[place]) for place, role in enumerate(self.roles)}
        outcome = properties.ended(self.initiator, roles)
        if self.judge is not None:
            self.judge(outcome, roles)
        return outcome

    def reasons(self, state: tuple[int, ...]) -> list[str]:
        """Why the saga was undone, as its initiator knows it; nothing where it was not."""
        place = self._places[self.initiator]
        row = self.roles[place].row(state[place])
        return [row.reason] if row is not None and row.outcome == "ended" and row.reason else []

    def _spend(self, purse: int, place: int, chance: Chance) -> int:
        """The purse without what a move costs; -1 if that is not in it."""
        known = self._spent.get((purse, place, chance))
        if known is None:
            known = self._spent[purse, place, chance] = self._count(purse, place, chance)
        return known

    def _count(self, purse: int, place: int, chance: Chance) -> int:
        coin = _SPENT.get(chance)
        if coin is None:
            return purse
        held, crashing = self._purses[purse]
        if not getattr(held, coin) or (chance is Chance.CRASH and place not in crashing):
            return -1
        left = held._replace(**{coin: getattr(held, coin) - 1})
        return self._purse(Purse(left, crashing if left.crashes else frozenset()))

    def _purse(self, purse: Purse) -> int:
        if purse not in self._purses:
            self._purses.append(purse)
        return self._purses.index(purse)

    # -- the search --------------------------------------------------------------------------------

    def explore(self, bounds: SearchBounds = SearchBounds()) -> Report:
        """Search until a property breaks, all is seen, or a bound is met."""
        return _BreadthFirst(self, bounds).run()

    def refinement(self) -> Refinement | None:
        """What maps the steps of a search to the proved protocol, if that is asked for."""
        return Refinement(self.roles, self.programs, self.post) if self.refines else None

    def sites(self) -> frozenset[str]:
        """Every site that was called or sent at so far; a selection as site=label."""
        data = [message for message in self.post.messages if not message.site.startswith("!")]
        found = {message.site for message in data if message.kind is Kind.DATA}
        found |= {f"{m.site}={msgspec.json.decode(m.payload)[0]}" for m in data if m.kind is Kind.CHOICE}
        return frozenset(found.union(*(role.sites() for role in self.roles)))


class _BreadthFirst:
    """One search under way. `_from` and `_by` lead back to the start; `_next` holds the helpful edges, in the order in
    which states were looked at. Of the states that wait, the one that takes the fewest steps is the next."""

    def __init__(self, explorer: Explorer, bounds: SearchBounds) -> None:
        self._explorer, self._bounds = explorer, bounds
        self._states: list[tuple[int, ...]] = explorer.starts()
        self._numbers = {state: number for number, state in enumerate(self._states)}
        self._from, self._depth = array("q", [-1] * len(self._states)), array("l", [0] * len(self._states))
        self._waiting = [(0, number) for number in range(len(self._states))]
        self._looked = array("q", [-1] * len(self._states))
        self._next, self._next_at = array("q"), array("q", [0])
        self._ends: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._steps = 0
        self._began = time.monotonic()
        self._refinement = explorer.refinement()

    def run(self) -> Report:
        stopped = ""
        try:
            self._begin()
        except Broken as broken:
            return self._report(broken, (), "")
        while self._waiting:
            _, at = heappop(self._waiting)
            self._looked[at] = looked = len(self._next_at) - 1
            try:
                self._look(at)
            except _Found as found:
                return self._report(found.broken, found.schedule, "")
            if (looked + 1) % _looked_every == 0 and (stopped := self._full()):
                break
        cycle = on_a_cycle(len(self._states), self._looked, self._next, self._next_at)
        if cycle is not None:
            text = f"a run comes back to where it was after step {self._depth[cycle]}"
            return self._report(Broken(Property.ENDS, text), self._schedule(cycle), stopped)
        return self._report(None, (), stopped)

    def _begin(self) -> None:
        for number, state in enumerate(self._states):
            if self._refinement is not None:
                self._refinement.meet(state)
                self._refinement.begins(number)

    def _look(self, at: int) -> None:
        """Everything that can happen in one state."""
        explorer, state, resting = self._explorer, self._states[at], True
        for place, move, left in explorer.moves(state):
            self._steps += 1
            trail: Trail = []
            try:
                number = self._meet(at, explorer.after(state, place, move, left, trail), len(trail))
            except Broken as broken:
                raise _Found(broken, (*self._schedule(at), *self._told(trail))) from None
            if move.chance is Chance.HELPFUL:
                resting = False
                self._next.append(number)
        self._next_at.append(len(self._next))
        if resting:
            try:
                self._ends[explorer.judge_end(state)] += 1
                self._reasons.update(explorer.reasons(state))
            except Broken as broken:
                raise _Found(broken, self._schedule(at)) from None

    def _meet(self, at: int, to: tuple[int, ...], moves: int) -> int:
        """The number of a state that so many moves lead to. Raises Broken."""
        number = self._numbers.get(to)
        if number is None:
            number = self._numbers[to] = len(self._states)
            self._states.append(to)
            self._from.append(at)
            self._looked.append(-1)
            self._depth.append(self._depth[at] + moves)
            heappush(self._waiting, (self._depth[number], number))
            if self._refinement is not None:
                self._refinement.meet(to)
        if self._refinement is not None:
            self._refinement.step(at, number)
        return number

    def _schedule(self, at: int) -> tuple[ScheduleStep, ...]:
        """How a state was first met."""
        places = [at]
        while self._from[places[-1]] >= 0:
            places.append(self._from[places[-1]])
        steps: list[ScheduleStep] = []
        for number in reversed(places[:-1]):
            before = self._states[self._from[number]]
            steps.extend(self._between(before, self._states[number]))
        return tuple(steps)

    def _between(self, before: tuple[int, ...], state: tuple[int, ...]) -> Iterator[ScheduleStep]:
        for place, move, left in self._explorer.moves(before):
            trail: Trail = []
            with suppress(Broken):
                if self._explorer.after(before, place, move, left, trail) == state:
                    return self._told(trail)
        raise AssertionError("a state was met by none of the moves that lead to it")

    def _told(self, trail: Trail) -> Iterator[ScheduleStep]:
        return (self._explorer.step(place, move) for place, move in trail)

    def _full(self) -> str:
        seconds, states = time.monotonic() - self._began, len(self._states)
        if self._explorer.progress is not None:
            self._explorer.progress(states, len(self._waiting), seconds)
        if states >= self._bounds.states_max:
            return f"{self._bounds.states_max} states were met"
        if seconds >= self._bounds.seconds_max:
            return "its time was over"
        if _resident_bytes() >= self._bounds.bytes_max:
            return f"{self._bounds.bytes_max} bytes were used"
        return ""

    def _report(self, broken: Broken | None, schedule: tuple[ScheduleStep, ...], stopped: str) -> Report:
        return Report(
            broken=broken,
            schedule=schedule,
            states=len(self._states),
            steps=self._steps,
            seconds=time.monotonic() - self._began,
            depth=max(self._depth),
            waiting=len(self._waiting),
            stopped=stopped,
            ends=dict(self._ends),
            sites=self._explorer.sites(),
            reasons=dict(self._reasons),
            refined=None if self._refinement is None else self._refinement.steps,
        )


class _Found(Exception):
    def __init__(self, broken: Broken, schedule: tuple[ScheduleStep, ...]) -> None:
        super().__init__()
        self.broken, self.schedule = broken, schedule


def _resident_bytes() -> int:
    """The most memory this process has had; Linux counts in KiB, macOS in bytes."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
