"""One saga under a test's control: declines and crashes where the test puts them, step by step or to the end.

The schedule is fixed: of all that can happen without a fault, the role whose turn it is does the first thing it can. A
test that needs another order wants `explore`, which tries them all.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from accompanist.language import codec, waits
from accompanist.runtime.ports import Phase
from accompanist.runtime.replay import decode_arguments
from accompanist.simulation import explore_diagram
from accompanist.simulation.explore import Bounds, Explorer, Faults, Step
from accompanist.simulation.explore_faithful import Faithful
from accompanist.simulation.explore_properties import Broken
from accompanist.simulation.explore_scenarios import scenarios
from accompanist.simulation.explore_state import Chance, Move
from accompanist.simulation.explore_verify import Verdict, told_in, verify, workers_of
from accompanist.simulation.explore_workers import Declining
from accompanist.testing.source import Source, programs_of

_steps_max = 10_000
MOMENTS = ("before commit", "after commit", "after call")
"""When a role can be made to crash: before what it decided is in its log; after that, with nothing of it sent to its
worker; after its worker did a call, with the answer not heard."""


class Saga:
    """A choreography with fake workers.

    `workers` maps "role.operation" to a function or "role" to an object with the operations as methods, whose data is
    kept; what is not given replies with made-up values. `arguments` are the parameters by name, made up if left out.
    A fake declines by raising `Declined(reason)`. Raises ValueError for a fake of nothing, and for wrong arguments.
    """

    def __init__(
        self,
        source: Source,
        choreography: str = "",
        *,
        workers: Mapping[str, Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        self._programs = programs_of(source, choreography)
        self._check(workers or {}, arguments)
        self._fakes, self._arguments = workers, arguments
        self._reasons: dict[str, dict[str, str]] = {role: {} for role in self._programs}
        self._crashes: list[tuple[str, str]] = []
        self._told: dict[tuple[str, str], bytes | None] = {}
        self._explorer: Explorer | None = None
        self._state: tuple[int, ...] = ()
        self._turn = 0
        self._schedule: list[Step] = []
        self.ledger: list[str] = []
        """What the workers did and undid, in the order in which it happened: "role.operation"."""

    # -- faults ------------------------------------------------------------------------------------

    def decline(self, call: str, reason: str = "declined") -> Saga:
        """Make "role.operation" decline."""
        role, _, operation = call.partition(".")
        known = self._programs[role].projection.operations if role in self._programs else {}
        if operation not in known:
            raise ValueError(f"there is no {call}; there are {', '.join(self._calls())}")
        if known[operation].retriable or known[operation].kind == "compensation":
            raise ValueError(f"{call} may not decline, by its contract")
        self._fresh()
        self._reasons[role][operation] = reason
        return self

    def tell(self, event: str, value: Any) -> Saga:
        """Tell "role.event" this from outside; else a value is made up, and told in time."""
        self._told[self._event(event)] = codec.encode(value)
        return self

    def withhold(self, event: str) -> Saga:
        """Do not tell "role.event": where it is waited for with a timeout, time comes first."""
        self._told[self._event(event)] = None
        return self

    def crash(self, role: str, when: str = "before commit") -> Saga:
        """Kill the sidecar of a role, once, at the next such moment; it restarts by itself. See `MOMENTS`."""
        if role not in self._programs:
            raise ValueError(f"there is no role {role}; there are {', '.join(self._programs)}")
        if when not in MOMENTS:
            raise ValueError(f"a crash is one of {', '.join(MOMENTS)}")
        self._crashes.append((role, when))
        return self

    # -- one schedule ------------------------------------------------------------------------------

    def step(self) -> str | None:
        """Let the next thing happen: what it was, or None when nothing is left. Raises AssertionError if a promise is
        broken by it."""
        explorer = self._started()
        moves = [move for move in explorer.moves(self._state) if move[1].chance is Chance.HELPFUL]
        if not moves:
            return None
        count = len(explorer.roles)
        # time passes when nothing else happens, so that what is told comes in time
        place, move, left = min(moves, key=lambda move: (move[1].timed, (move[0] - self._turn) % count))
        self._turn = place
        crash = self._due(place, move)
        if crash is not None:
            if crash == "after commit":
                self._happen(place, move, left)
            return self._happen(*self._death(place, called=crash == "after call"))
        self._turn = place + 1
        return self._happen(place, move, left)

    def run(self) -> Saga:
        """Go on until nothing is left to happen, and judge the end. Raises AssertionError if a promise is broken."""
        for _ in range(_steps_max):
            if self.step() is None:
                if self._crashes:
                    raise AssertionError(f"the crash of {self._crashes[0][0]} {self._crashes[0][1]} never came")
                try:
                    self._started().judge_end(self._state)
                except Broken as broken:
                    raise AssertionError(f"{broken}\n{self.diagram()}") from None
                return self
        raise AssertionError(f"no end after {_steps_max} steps")

    @property
    def outcome(self) -> str | None:
        """ "settled", "ended" (undone), or None while the saga is under way."""
        row = self._row(self._started().initiator)
        return row.outcome if row is not None else None

    @property
    def reason(self) -> str | None:
        """Why the saga was undone, as the initiator knows it."""
        row = self._row(self._started().initiator)
        return row.reason if row is not None else None

    @property
    def result(self) -> Any:
        """The choreography's result, of an owner that has it."""
        for role, program in self._programs.items():
            row = self._row(role)
            if row is not None and row.result is not None:
                return codec.decode(row.result, program.result_type)
        return None

    @property
    def phases(self) -> dict[str, Phase]:
        """Where the session stands at each role whose log has it."""
        rows = {role: self._row(role) for role in self._programs}
        return {role: row.phase for role, row in rows.items() if row is not None}

    def diagram(self, mermaid: bool = False) -> str:
        """What has happened so far, as a sequence diagram."""
        draw = explore_diagram.mermaid if mermaid else explore_diagram.text
        return draw(list(self._programs), self._schedule)

    # -- every schedule ----------------------------------------------------------------------------

    def explore(
        self,
        crashes: int = 1,
        declines: int | None = None,
        lost_answers: int = 0,
        cancels: int = 0,
        deadlines: int = 0,
        *,
        states_max: int = 500_000,
        seconds: float = 60.0,
    ) -> Verdict:
        """Search every schedule with at most so many faults (`declines`: None for any number). Raises AssertionError
        with the shortest schedule that breaks a promise. The verdict says what was left out; a search that met its
        bound is no failure, so look at `unexplored()`, or at `complete`."""
        faults = Faults(crashes, lost_answers, sys.maxsize if declines is None else declines, deadlines, cancels)
        given = [self._arguments] if self._arguments is not None else []
        verdict = verify(self._programs, faults, Bounds(states_max, seconds), fakes=self._fakes, arguments=given)
        if verdict.broken is not None:
            report = verdict.broken.report
            drawn = explore_diagram.text(list(self._programs), report.schedule)
            raise AssertionError(f"{report.broken}\n{drawn}")
        return verdict

    # -- inside ------------------------------------------------------------------------------------

    def _check(self, workers: Mapping[str, Any], arguments: Mapping[str, Any] | None) -> None:
        """A misspelt fake would be passed over in silence, for a reply that is made up."""
        known = set(self._programs)
        for role, program in self._programs.items():
            for name in program.projection.operations:
                told = waits.event_in(name)
                known.add(f"{role}.{name}" if told is None else f"{role}.event.{told}")
        if unknown := workers.keys() - known:
            raise ValueError(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
        if arguments is not None:
            [choreography] = {id(one.choreography): one.choreography for one in self._programs.values()}.values()
            assert choreography.initiator is not None, "a saga has one who starts it"
            try:
                decode_arguments(self._programs[choreography.initiator], codec.encode(dict(arguments)))
            except codec.DecodeError as problem:
                raise ValueError(f"arguments: {problem.text}") from None

    def _event(self, event: str) -> tuple[str, str]:
        role, _, name = event.partition(".")
        known = {
            f"{one}.{told}"
            for one, program in self._programs.items()
            for told in filter(None, map(waits.event_in, program.projection.operations))
        }
        if event not in known:
            raise ValueError(f"nobody waits for {event}; there are {', '.join(sorted(known)) or 'no events'}")
        self._fresh()
        return role, name

    def _fresh(self) -> None:
        if self._explorer is not None:
            raise ValueError("declines and events are chosen before the first step")

    def _calls(self) -> list[str]:
        return [
            f"{role}.{name}"
            for role, program in self._programs.items()
            for name, operation in program.projection.operations.items()
            if operation.kind != "compensation"
        ]

    def _started(self) -> Explorer:
        if self._explorer is None:
            starts: Sequence[bytes] = [] if self._arguments is None else [codec.encode(dict(self._arguments))]
            scenario = scenarios(self._programs, starts)[0]
            plain = workers_of(self._programs, scenario, self._fakes, declines=False)
            workers = {role: Declining(worker, self._reasons[role]) for role, worker in plain.items()}
            judge = Faithful(self._programs, workers, scenario.arguments)
            faults = Faults(crashes=sys.maxsize, declines=0)
            told = told_in(self._programs, scenario, self._fakes)
            for (role, name), value in self._told.items():
                told[role].pop(name, None)
                if value is not None:
                    told[role][name] = value
            self._explorer = Explorer(self._programs, workers, scenario.arguments, faults, judge=judge, events=told)
            self._state = self._explorer.first
        return self._explorer

    def _due(self, place: int, move: Move) -> str | None:
        """The crash that is due at this move, if one is; it is due once."""
        role = self._started().roles[place]
        before, after = role.state(self._state[place]), role.state(move.to)
        for crash in self._crashes:
            if crash[0] != role.name:
                continue
            commits = (before.row, before.results) != (after.row, after.results) or bool(move.sent)
            if before.fence != after.fence if crash[1] == "after call" else commits:
                self._crashes.remove(crash)
                return crash[1]
        return None

    def _death(self, place: int, called: bool) -> tuple[int, Move, int]:
        """The crash of a role, after its worker did the call under way or before."""
        explorer = self._started()
        fence = explorer.roles[place].fence
        return next(
            (at, move, left)
            for at, move, left in explorer.moves(self._state)
            if at == place and move.chance is Chance.CRASH and (fence(move.to) != fence(self._state[at])) == called
        )

    def _happen(self, place: int, move: Move, left: int) -> str:
        explorer = self._started()
        role, before = explorer.roles[place], self._state[place]
        self._schedule.append(explorer.step(place, move))
        try:
            self._state = explorer.after(self._state, place, move, left)
        except Broken as broken:
            raise AssertionError(f"{broken}\n{self.diagram()}") from None
        self._note(role.name, role.fence(before), role.fence(self._state[place]))
        return move.text

    def _note(self, role: str, before: Any, after: Any) -> None:
        operations = self._programs[role].projection.operations
        self.ledger.extend(f"{role}.{entry.operation}" for entry in after.executed[len(before.executed) :])
        names = {entry.site: operations[entry.operation].compensation for entry in after.executed}
        self.ledger.extend(f"{role}.{names[site]}" for site in after.undone[len(before.undone) :])

    def _row(self, role: str) -> Any:
        explorer = self._started()
        place = [one.name for one in explorer.roles].index(role)
        return explorer.roles[place].row(self._state[place])
