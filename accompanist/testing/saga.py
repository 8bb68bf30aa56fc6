"""One saga under a test's control, run step by step or to its end; `accompanist.testing` shows how to use it.

`run` follows one schedule: events happen in the order in which they come. A seed other than 0 selects another order,
the same each time. `explore` follows every schedule.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from accompanist.language import waits
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.runtime.answers import Answer
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.messages import Header
from accompanist.runtime.ports import Phase
from accompanist.runtime.replay import decode_arguments
from accompanist.simulation.search import diagram, properties
from accompanist.simulation.search.explore import FaultBudget, SearchBounds
from accompanist.simulation.search.faithful import DirectComparison
from accompanist.simulation.search.properties import Broken
from accompanist.simulation.search.scenarios import Scenario, first_scenario
from accompanist.simulation.search.verify import Verification, told_in
from accompanist.simulation.settling import NONE_SETTLED
from accompanist.testing import every, made
from accompanist.testing.real import Real
from accompanist.testing.script import MOMENTS, CallFault, Crash, Script
from accompanist.testing.source import Source, programs_of
from accompanist.testing.stage import Place, Stage
from accompanist.testing.workers import Fakes, StageWorker

STEPS_MAX = 100_000
_drawn_max = 200
"""The most lines of a diagram that is shown with a failure."""


class Saga:
    """A choreography with fake workers.

        saga = Saga(fulfil_order, workers={"payment": Till(100)}, arguments={"order": order}).run()
        assert saga.outcome == "settled" and saga.result.points == 7

    `source` is the decorated function, or the path of its file. `workers` maps "role.operation" to a function, "role"
    to an object with the operations as methods, or "role" to a real worker from `serve`; other operations reply with
    generated values. `arguments` are the parameters by name, generated if left out. A fake declines by raising
    `Declined(reason)`; `run` passes on any other exception.

    A fake is called once for each call that reaches its worker, in the order of the run, and keeps its state:
    sequences, closures and counters work. Raises ValueError for a fake of an unknown operation, and for wrong
    arguments.
    """

    def __init__(
        self,
        source: Source,
        choreography: str = "",
        *,
        workers: Mapping[str, Any] | None = None,
        arguments: Mapping[str, Any] | None = None,
        seed: int = 0,
    ) -> None:
        self._programs = programs_of(source, choreography)
        self._check(workers or {}, arguments)
        self._workers, self._arguments, self.seed = workers or {}, arguments, seed
        self._script = Script()
        self._told: dict[tuple[str, str], tuple[float, bytes] | None] = {}
        self._stage: Stage | None = None
        self._scenario: Scenario | None = None
        made.keep(self)

    def __repr__(self) -> str:
        name = next(iter(self._programs.values())).choreography.name
        standing = "not begun" if self._stage is None else self.outcome or "under way"
        return f"<Saga {name}: {standing}{f', {self.reason}' if self._stage is not None and self.reason else ''}>"

    # -- faults ------------------------------------------------------------------------------------

    def decline(self, call: str, reason: str = "declined", *, at: int | None = None) -> Saga:
        """Make "role.operation" decline: each time, or the `at`-th time that it is called.

        saga.decline("payment.charge", "no funds")
        """
        operation = self._operation(call)
        if not operation.may_decline:
            raise ValueError(f"{call} may not decline, by its contract")
        self._script.faults.append(CallFault(call, at, reason=reason))
        return self

    def fail(self, call: str, *, at: int | None = None, done: bool = False) -> Saga:
        """Let "role.operation" give no answer until its retry budget is spent: each time, or the `at`-th time that it
        is called. `done`: the worker executed it, but the answer was lost. A call without a retry budget, or a
        compensation, is answered on its next attempt.

        saga.fail("payment.charge", at=2)
        """
        self._operation(call)
        self._script.faults.append(CallFault(call, at, done=done))
        return self

    def crash(self, role: str, when: str = "before commit", *, at: int = 1) -> Saga:
        """Crash the sidecar of a role, once, at the `at`-th such moment; it restarts by itself. `when` is "before
        commit", "after commit" (before any call to the worker leaves), or "after call" (the worker executed the call,
        but its answer was lost).

        saga.crash("warehouse", "after call")
        """
        self._fresh()
        if role not in self._programs:
            raise ValueError(f"there is no role {role}; there are {', '.join(self._programs)}")
        if when not in MOMENTS:
            raise ValueError(f"a crash is one of {', '.join(MOMENTS)}")
        self._script.crashes_due.append(Crash(role, when, at))
        return self

    def tell(self, event: str, value: Any, *, after: float = 0.0) -> Saga:
        """Send "role.event" with this value from outside, so many seconds after the start. Without this, a generated
        value is sent at once. An event has one value in a saga, so it can be sent once only.

        saga.tell("warehouse.approved", Approval("ann", True), after=3600)
        """
        place, told = self._event(event), codec.encode(value)
        if self._told.get(place) is not None:
            raise ValueError(
                f"{event} is told already, and of an event only the first value counts: give each fact a name of its "
                "own, or take it from a @query, which is asked each time"
            )
        try:
            codec.decode_exactly(told, self._event_type(*place))
        except codec.DecodeError as problem:
            raise ValueError(f"{event}: {problem.text}") from None
        self._told[place] = after, told
        return self

    def withhold(self, event: str) -> Saga:
        """Do not send "role.event": a wait for it with a timeout times out.

        saga.withhold("warehouse.approved")
        """
        self._told[self._event(event)] = None
        return self

    # -- one schedule ------------------------------------------------------------------------------

    def step(self) -> str | None:
        """Take the next step. Returns what happened, or None when nothing is left. Raises AssertionError if it breaks a
        promise."""
        try:
            return self._begun().step()
        except Broken as broken:
            said = _said(broken.__cause__)
            raise AssertionError(f"{broken}{said}\n{self.picture()}") from broken.__cause__
        except Exception as problem:  # a fake's own
            problem.add_note(self.picture())
            raise

    def run(self) -> Saga:
        """Run until no step is left, and check the end. Raises AssertionError, with a diagram of the run, if a promise
        is broken, if a requested fault never happened, or if the program itself failed, which must not be mistaken for
        a decline."""
        stage = self._begun()
        for _ in range(STEPS_MAX):
            if self.step() is None:
                break
        else:
            raise AssertionError(f"no end after {STEPS_MAX} steps\n{self.picture()}")
        if missing := self._script.missing():
            raise AssertionError(f"{' and '.join(missing)} never came\n{self.picture()}")
        try:
            self._judge(stage)
        except Broken as broken:
            raise AssertionError(f"{broken}\n{self.picture()}") from None
        for failed in stage.failures:
            text = f"no run settled ({NONE_SETTLED}): the program failed at {failed.role}: {failed.failure}"
            text += _said(failed.cause_of_failure)
            raise AssertionError(f"{text}\n{self.picture()}") from failed.cause_of_failure
        return self

    @property
    def outcome(self) -> str | None:
        """ "settled", "ended" (undone), or None while the saga is under way."""
        row = self._begun().places[self._begun().initiator].row
        return row.outcome if row is not None else None

    @property
    def reason(self) -> str | None:
        """Why the saga was undone, as the initiator knows it."""
        row = self._begun().places[self._begun().initiator].row
        return row.reason if row is not None else None

    @property
    def result(self) -> Any:
        """The choreography's result. Raises AssertionError if the saga was undone."""
        if self.outcome == "ended":
            raise AssertionError(f"there is no result: the saga was undone, {self.reason}\n{self.picture()}")
        for place in self._begun().places.values():
            if place.row is not None and place.row.result is not None:
                return codec.decode(place.row.result, place.program.result_type)
        return None

    @property
    def ledger(self) -> list[str]:
        """The transactions and compensations that the workers executed, in order: "role.operation"."""
        return self._begun().ledger

    @property
    def clock(self) -> float:
        """The simulated seconds since the start."""
        return self._begun().clock

    @property
    def phases(self) -> dict[str, Phase]:
        """The session's phase at each role whose log has it."""
        return {role: place.row.phase for role, place in self._begun().places.items() if place.row is not None}

    def diagram(self, mermaid: bool = False) -> str:
        """What has happened so far, as a sequence diagram."""
        draw = diagram.mermaid if mermaid else diagram.text
        return draw(list(self._programs), self._begun().schedule)

    def picture(self, lines_max: int = _drawn_max) -> str:
        """The same, limited to the last lines, to be shown with a failure. It does not start the saga."""
        if self._stage is None:
            return "nothing has happened"
        lines = self.diagram().splitlines()
        left_out = len(lines) - lines_max
        return "\n".join([lines[0], f"      … {left_out} lines", *lines[-lines_max:]] if left_out > 1 else lines)

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
        settles: bool = True,
    ) -> Verification:
        """Search every schedule with at most so many faults (`declines`: None for any number), and with the settings of
        `decline`, `tell` and `withhold`. Raises AssertionError with the shortest schedule that breaks a promise, or if
        no schedule settles although `settles` is set. A search that reached its bound is no failure, so check
        `complete` and `unexplored()` of the verdict.

        A search goes back to earlier states and tries other steps. So it calls a fake once for each operation, its
        arguments and the object's data, and uses the answer again. A transaction or a compensation may change the data;
        a query may not (ACC834). After an undone saga, the data of an object must be what it was before.

        Saga(fulfil_order, workers={"payment": Till(100)}).explore(crashes=1)
        """
        faults = FaultBudget(crashes, lost_answers, sys.maxsize if declines is None else declines, deadlines, cancels)
        bounds = SearchBounds(states_max, seconds)
        return every.explore(
            self._programs, self._workers, self._arguments, self._script, self._told, faults, bounds, settles
        )

    # -- inside ------------------------------------------------------------------------------------

    def _check(self, workers: Mapping[str, Any], arguments: Mapping[str, Any] | None) -> None:
        """Refuse a misspelt fake, which would otherwise be ignored in favour of a generated reply."""
        known = set(self._programs)
        for role, program in self._programs.items():
            for name in program.projection.operations:
                told = waits.event_in(name)
                known.add(f"{role}.{name}" if told is None else f"{role}.event.{told}")
        if unknown := workers.keys() - known:
            raise ValueError(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
        if arguments is not None:
            choreography = next(iter(self._programs.values())).choreography
            assert choreography.initiator is not None, "a saga has an initiator"
            try:
                decode_arguments(self._programs[choreography.initiator], codec.encode(dict(arguments)))
            except codec.DecodeError as problem:
                raise ValueError(f"arguments: {problem.text}") from None

    def _operation(self, call: str) -> Any:
        self._fresh()
        role, _, operation = call.partition(".")
        known = self._programs[role].projection.operations if role in self._programs else {}
        if operation not in known or known[operation].drawn:
            raise ValueError(f"there is no {call}; there are {', '.join(self._calls())}")
        return known[operation]

    def _calls(self) -> list[str]:
        return [
            f"{role}.{name}"
            for role, program in self._programs.items()
            for name, operation in program.projection.operations.items()
            if not operation.drawn
        ]

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

    def _event_type(self, role: str, name: str) -> Any:
        types = self._programs[role].operation_types
        _, returns = types[waits.event(name)] if waits.event(name) in types else types[waits.timeout(name)]
        return returns

    def _fresh(self) -> None:
        if self._stage is not None:
            raise ValueError("what goes wrong and what is told is chosen before the first step")

    def _begun(self) -> Stage:
        if self._stage is None:
            start = None if self._arguments is None else codec.encode(dict(self._arguments))
            self._scenario = first_scenario(self._programs, start, ends=not self._workers)
            stage = Stage(self._programs, self._script, self.seed)
            for role, program in self._programs.items():
                stage.places[role] = Place(program, self._worker(role, program, stage.header))
            stage.start(self._scenario.arguments, self._later(self._scenario))
            self._stage = stage
        return self._stage

    def _worker(self, role: str, program: RoleProgram, header: Header) -> StageWorker:
        assert self._scenario is not None
        given: Any = self._workers.get(role)
        if isinstance(given, Real):
            return given.worker(header, role)
        if given is None:
            names = program.projection.operations
            given = {name: self._workers[f"{role}.{name}"] for name in names if f"{role}.{name}" in self._workers}
        return Fakes(program, given, self._scenario.replies[role])

    def _later(self, made: Scenario) -> list[tuple[float, str, str, bytes]]:
        """The events to send, and when."""
        told = {
            (role, name): (0.0, value)
            for role, events in told_in(self._programs, made, self._workers).items()
            for name, value in events.items()
        }
        chosen = {**told, **self._told}
        return [(one[0], role, name, one[1]) for (role, name), one in chosen.items() if one is not None]

    def _judge(self, stage: Stage) -> None:
        assert self._scenario is not None
        roles = stage.ended()
        outcome = properties.ended(stage.initiator, roles)
        heard = {role: _Heard(place.answers) for role, place in stage.places.items()}
        DirectComparison(self._programs, heard, self._scenario.arguments)(outcome, roles)


def _said(raised: BaseException | None) -> str:
    """The text of an exception. It may quote a value, so no sidecar logs it; but a test's values are no secret."""
    return "" if raised is None or not str(raised) else f"\n{type(raised).__name__}: {raised}"


class _Heard:
    """A role's worker that repeats its answers, for the direct reading of the choreography."""

    memory = b""

    def __init__(self, answers: Mapping[str, tuple[CallWorker, Answer]]) -> None:
        self._answers = answers

    def answers(self, call: CallWorker, memory: bytes) -> list[tuple[Answer, bytes]]:
        return [(self._answers[call.site][1], memory)]
