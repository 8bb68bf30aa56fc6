"""What a run of a saga's projections says about its commit point, told from what happens before what.

A role's own steps come one after the other, and a message leads from where it is sent to where it is taken. The answers
of workers are drawn by chance and none of them undoes the saga, so the run goes to its end, and what might have failed
in it is seen beside what cannot be undone. Two steps of which neither comes before the other may come in any order, and
the later one need not come at all: so one run speaks for all the schedules in which the same answers are given.

This knows neither the saga check nor the protocol, only the programs of the roles, and shares the mistakes of neither.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from accompanist.language import waits
from accompanist.language.program.operations import Abort, Branch, Call, Choose, Receive, Send, point_of
from accompanist.language.program.program import Operation, RoleProgram
from accompanist.language.refusal import may_fail
from accompanist.language.words import Outcome

_steps_max = 2_000


class Step(NamedTuple):
    """A call, an abort or an exception: `past` counts the steps of each role before it, its own among them."""

    role: str
    site: str
    asked: Operation | None
    attempt: bool
    past: Mapping[str, int]

    def before(self, other: Step) -> bool:
        return self is not other and other.past[self.role] >= self.past[self.role]

    @property
    def fails(self) -> bool:
        return self.asked is None or may_fail(self.asked, self.attempt)

    @property
    def irrevocable(self) -> bool:
        return self.asked is not None and self.asked.kind == "transaction" and self.asked.compensation is None

    def __str__(self) -> str:
        return (
            f"{self.role}.{self.asked.name if self.asked else 'abort' if self.site else 'an expression'} at {self.site}"
        )


def problems(programs: Mapping[str, RoleProgram], arguments: Mapping[str, Any], seed: int) -> list[str]:
    """What is wrong in one run, whose answers the seed draws."""
    run = _Run(programs, arguments, random.Random(seed))
    run.go()
    return list(_judged(run, programs))


def _judged(run: _Run, programs: Mapping[str, RoleProgram]) -> Iterator[str]:
    commits = [step for step in run.steps if step.asked is not None and step.asked.pivot]
    if len(commits) > 1:
        yield f"{' and '.join(map(str, commits))} commit it"
        return
    for step in run.steps:
        if step.irrevocable and not any(one.before(step) or one is step for one in commits):
            yield f"{step} cannot be undone, and no commit point comes before it"
    for commit in commits:
        yield from _beside(commit, run, programs)


def _beside(commit: Step, run: _Run, programs: Mapping[str, RoleProgram]) -> Iterator[str]:
    for step in run.steps:
        if step is commit:
            continue
        late = point_of(step.site) in programs[step.role].projection.sites_after_commit
        if not step.before(commit):
            if step.fails:
                yield f"{step} may fail, and {commit} does not wait for it"
            if not late and not (commit.before(step) and commit.role == step.role):
                yield f"{step} does not come before {commit}, and its role does not know that"
        elif late and step.fails:
            yield f"{step} may fail before {commit}, and its role takes it for committed"


class _Run:
    """All projections of a choreography, step by step."""

    def __init__(
        self, programs: Mapping[str, RoleProgram], arguments: Mapping[str, Any], chance: random.Random
    ) -> None:
        self._programs, self._chance = programs, chance
        self._choreography = next(iter(programs.values())).choreography
        self._messages: dict[tuple[str, str, str], tuple[Any, Mapping[str, int]]] = {}
        self._past: dict[str, dict[str, int]] = {role: dict.fromkeys(programs, 0) for role in programs}
        self._stands: dict[str, Any] = {}
        self._running = {
            role: program.start({name: arguments[name] for name in program.parameter_types})
            for role, program in programs.items()
        }
        self.steps: list[Step] = []
        self._send(str(self._choreography.initiator), None)

    def go(self) -> None:
        """Step whoever can until none can. An abort stops its role, and the others go on as far as they can."""
        for _ in range(_steps_max):
            fresh = [to for _, _, to in self._messages if to not in self._stands]
            ready = [role for role, asked in self._stands.items() if self._ready(role, asked)]
            if not fresh and not ready:
                return
            if fresh:
                self._send(fresh[0], None)
            else:
                role = ready[0]
                self._send(role, self._answer(role, self._stands[role]))
        raise AssertionError(f"it does not end in {_steps_max} steps")

    def _send(self, role: str, answer: Any) -> None:
        try:
            self._stands[role] = self._running[role].send(answer)
        except StopIteration:
            self._stands[role] = None
        except ZeroDivisionError:  # an expression: it fails where it stands
            self._stands[role] = None
            self._did(role, "", None, False)
        if isinstance(asked := self._stands[role], Abort):
            self._stands[role] = None
            self._did(role, asked.site, None, False)

    def _ready(self, role: str, asked: Any) -> bool:
        if isinstance(asked, Receive | Branch):
            return (asked.site, asked.sender, role) in self._messages
        return asked is not None

    def _answer(self, role: str, asked: Any) -> Any:
        match asked:
            case Send(site=site, to=to, value=value):
                self._post(role, site, to, value)
            case Choose(site=site, to=to, label=label, value=value):
                self._post(role, site, to, (label, value))
            case Receive() | Branch():
                value, past = self._messages[asked.site, asked.sender, role]
                mine = self._past[role]
                mine |= {other: max(mine[other], count) for other, count in past.items()}
                return value
            case Call():
                return self._call(role, asked)
        return None

    def _post(self, role: str, site: str, to: str, value: Any) -> None:
        self._past[role][role] += 1
        self._messages[site, role, to] = value, dict(self._past[role])

    def _call(self, role: str, call: Call) -> Any:
        operation = self._programs[role].projection.operations[call.operation]
        self._did(role, call.site, operation, call.attempt)
        value = None if operation.recorded else self._chance.randrange(6)
        if call.attempt or waits.is_timed(call.operation):
            ok = self._chance.random() < 0.5
            return Outcome(ok, value if ok else None, "" if ok else "no")
        return value

    def _did(self, role: str, site: str, asked: Operation | None, attempt: bool) -> None:
        self._past[role][role] += 1
        self.steps.append(Step(role, site, asked, attempt, dict(self._past[role])))
