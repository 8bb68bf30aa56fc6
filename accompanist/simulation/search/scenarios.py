"""Chooses replies and arguments for the search, to cover as many paths of a choreography as possible.

A scenario is one start and one reply for each operation, or two for one that a loop asks for: the first turn's, and all
others'. With lists of up to two items, loops turn once, twice, or not at all. A scenario is found by running the
choreography without faults: begin with ordinary values, change one at a time, and keep what takes a path that none
before took (another set of calls, messages and labels). Each scenario is then searched by itself, with all faults.

Not promised: that all paths are found. `unreached` says which calls and messages no search came to.
"""

from __future__ import annotations

import ast
import math
import re
import time
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from accompanist.language import waits
from accompanist.language.program.program import Choreography, RoleProgram
from accompanist.runtime.answers import Answer, Replied
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.messages import Kind
from accompanist.simulation.search.values import Maker, constants
from accompanist.simulation.search.workers import turned
from accompanist.simulation.search.world import World
from accompanist.simulation.worker import FencedWorker

_runs_max = 600
_turning_max = 4
_steps_max = 1_000  # what takes more cannot be searched anyway
_START = ("", "")
_UNTOLD = object()
"""Instead of an event's value: it is not told."""
_ASKING = frozenset({"Call", "Send", "Choose"})
_counter = re.compile(r"\[\d*\]")


@dataclass(frozen=True, slots=True)
class Scenario:
    """The start's payload and the replies by role and operation; `later`: those from a loop's second turn on, where
    they are others."""

    arguments: bytes
    replies: Mapping[str, Mapping[str, bytes]]
    later: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)

    def reply(self, role: str, operation: str, site: str) -> bytes:
        """What the worker of a role answers."""
        later = self.later.get(role, {})
        return later[operation] if operation in later and turned(site) else self.replies[role].get(operation, b"null")


@dataclass(frozen=True, slots=True)
class Turning:
    """A reply of a loop's first turn, and one of all that follow."""

    first: Any
    later: Any


def scenarios(
    programs: Mapping[str, RoleProgram], starts: Sequence[bytes] = (), until: float = math.inf
) -> list[Scenario]:
    """Scenarios that take different paths, an ordinary one first. `starts`: the payloads to start with, all of which
    are kept; else they are made up. `until`: when to look for no more, by the process's own clock."""
    choreography = next(iter(programs.values())).choreography
    choices = _choices(programs, Maker(constants(choreography)), starts)
    return [_scenario(choreography, choices, picks) for picks in _found(programs, choices, bool(starts), until)]


def first_scenario(programs: Mapping[str, RoleProgram], start: bytes | None, *, ends: bool) -> Scenario:
    """An ordinary scenario; where its replies have to lead to an `end` by themselves, the first that does."""
    choreography = next(iter(programs.values())).choreography
    choices = _choices(programs, Maker(constants(choreography)), [] if start is None else [start])
    ordinary = (0,) * len(choices)
    picks = next(_found(programs, choices, start is not None), ordinary) if ends else ordinary
    return _scenario(choreography, choices, picks)


def _found(
    programs: Mapping[str, RoleProgram],
    choices: Mapping[tuple[str, str], list[Any]],
    started: bool,
    until: float = math.inf,
) -> Iterator[tuple[int, ...]]:
    """Choices that take different paths. `started`: every start is kept."""
    choreography = next(iter(programs.values())).choreography
    names = list(choices)
    found: set[Hashable] = set()
    tried: set[tuple[int, ...]] = set()
    waiting = [(0,) * len(names)]
    while waiting and len(tried) < _runs_max and (not found or time.monotonic() < until):
        picks = waiting.pop(0)
        if picks in tried:
            continue
        tried.add(picks)
        path = _path(programs, _scenario(choreography, choices, picks))
        known = path is None and bool(found)  # what does not end is changed further until something does
        if path is not None:
            path = (path, picks[0]) if started else path
            known = path in found
            if not known:
                found.add(path)
                yield picks
        if not known:
            for at, name in enumerate(names):
                waiting.extend((*picks[:at], other, *picks[at + 1 :]) for other in range(len(choices[name])))


def events_of(scenario: Scenario) -> dict[str, dict[str, bytes]]:
    """What is told from outside in a scenario, by role and name."""
    return {
        role: {told: value for name, value in replies.items() if (told := waits.event_in(name)) is not None}
        for role, replies in scenario.replies.items()
    }


def unreached(choreography: Choreography, sites: Iterable[str]) -> list[str]:
    """Every call, message and selection of the projections at which no search was, in words. Loop and call counters do
    not count, nor does the way to a choreography that calls itself: one round stands for all."""
    reached = {_point(site) for site in sites}
    missing: dict[str, None] = {}
    for role, projection in choreography.projections.items():
        for kind, site, label in _asked(projection.source):
            if _point(f"{site}={label}" if label else site) not in reached:
                line = choreography.site_lines.get(site)
                named = f"the selection `{label}`" if label else "a call" if kind == "Call" else "a message"
                missing[f"{named} of {role} at site {site}" + (f" (line {line})" if line else "")] = None
    return list(missing)


def _point(site: str) -> str:
    """A site without its counters and without the calls that led to it."""
    place, is_choice, label = site.partition("=")
    return f"{_counter.sub('', place).rpartition('/')[2]}{is_choice}{label}"


def _asked(source: str) -> Iterator[tuple[str, str, str]]:
    """(operation, site, label) of everything that a projection's text calls, sends or chooses."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ASKING:
            site = _counter.sub("", "".join(_constants(node.args[0])))
            yield node.func.id, site, "".join(_constants(node.args[2])) if node.func.id == "Choose" else ""


def _constants(node: ast.expr) -> Iterator[str]:
    """The fixed parts of a text; what is put into it is a counter."""
    if isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from _constants(part)
    elif isinstance(node, ast.Constant):
        yield str(node.value)


def _choices(
    programs: Mapping[str, RoleProgram], maker: Maker, starts: Sequence[bytes]
) -> dict[tuple[str, str], list[Any]]:
    """Everything that may be chosen: ("", parameter) or (role, operation), with the values to choose from; the start as
    a whole first, where it is given."""
    choices: dict[tuple[str, str], list[Any]] = {_START: list(starts)} if starts else {}
    for role, program in programs.items():
        looped = _looped(program.projection.source)
        for name, type in program.parameter_types.items() if not starts else ():
            choices["", name] = maker.make(type, name)
        for name, (_, returns) in program.operation_types.items():
            told = waits.event_in(name)
            if told is not None:
                choices[role, waits.event(told)] = maker.make(returns, told)
            elif program.projection.operations[name].kind != "compensation" and not waits.is_wait(name):
                made = maker.make(returns, name)
                choices[role, name] = [*made, *_turning(made)] if name in looped else made
        for name in program.operation_types:
            told = waits.event_in(name)
            if told is not None and waits.event(told) not in program.operation_types:
                choices[role, waits.event(told)].append(_UNTOLD)  # there is a timer to go on with
    return choices


def _turning(made: list[Any]) -> list[Turning]:
    """Replies that change after a loop's first turn: away from the ordinary one, and to it."""
    ordinary, others = made[0], made[1 : _turning_max + 1]
    return [turning for other in others for turning in (Turning(ordinary, other), Turning(other, ordinary))]


def _looped(source: str) -> set[str]:
    """The operations that a projection's text calls in a loop."""
    calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
    asked = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Call")
    return {"".join(_constants(call.args[1])) for call in asked if "[" in "".join(_constants(call.args[0]))}


def _scenario(
    choreography: Choreography, choices: Mapping[tuple[str, str], list[Any]], picks: tuple[int, ...]
) -> Scenario:
    picked = {key: choices[key][pick] for key, pick in zip(choices, picks, strict=True)}
    turning = {key: value for key, value in picked.items() if isinstance(value, Turning)}
    picked |= {key: value.first for key, value in turning.items()}
    replies = {
        role: {name: _bytes(value) for (owner, name), value in picked.items() if owner == role and value is not _UNTOLD}
        for role in choreography.roles
    }
    later: dict[str, dict[str, bytes]] = {}
    for (owner, name), value in turning.items():
        later.setdefault(owner, {})[name] = _bytes(value.later)
    arguments = {name: value for (owner, name), value in picked.items() if not owner}
    return Scenario(picked.get(_START) or _bytes(arguments), replies, later)


def _bytes(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


class _MadeUp(FencedWorker):
    """A worker that answers what a scenario says."""

    def __init__(self, program: RoleProgram, scenario: Scenario) -> None:
        super().__init__(program.projection.operations, {})
        self._role, self._scenario = program.role, scenario

    def _run(self, call: CallWorker) -> Answer:
        return Replied(self._scenario.reply(self._role, call.operation, call.site))


def _path(programs: Mapping[str, RoleProgram], scenario: Scenario) -> Hashable | None:
    """What a run without faults calls, sends and chooses; None if it does not end."""

    workers = {role: _MadeUp(program, scenario) for role, program in programs.items()}
    world = World(programs, workers, seed=0)
    world.patient = True
    world.start(scenario.arguments)
    for role, told in events_of(scenario).items():
        for name, value in told.items():
            world.tell(role, name, value)
    try:
        world.run(_steps_max)
    except AssertionError:
        return None
    messages = frozenset(
        (role, site, message.kind, orjson.loads(message.payload)[0] if message.kind is Kind.CHOICE else "")
        for role, disk in world.disks.items()
        for (site, _), message in disk.inbox.items()
    )
    calls = frozenset(
        (role, site, result.outcome if waits.is_wait(result.operation) else "")
        for role, disk in world.disks.items()
        for (site, _), result in disk.results.items()
    )
    return messages, calls, world.outcome
