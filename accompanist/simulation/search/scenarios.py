"""Chooses replies and arguments for the search, to cover as many paths of a choreography as possible.

A scenario has one start payload, and one reply for each operation. An operation in a loop may have two: one for the
first turn, one for all others. Lists have up to two items, so loops turn once, twice, or not at all. Scenarios are
found by running the choreography without faults. The first has ordinary values; then one value is changed at a time. A
scenario is kept if it takes a new path: another set of calls, messages and labels. Each is then searched with all
faults.

Not promised: that all paths are found. `unreached` names the calls and messages that no search came to.
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
_steps_max = 1_000  # a longer run cannot be searched anyway
_START = ("", "")
_UNTOLD = object()
"""Stands for an event that is not sent, in place of its value."""
_ASKING = frozenset({"Call", "Send", "Choose"})
_counter = re.compile(r"\[\d*\]")


@dataclass(frozen=True, slots=True)
class Scenario:
    """The start's payload, and the replies by role and operation. `later`: the replies that differ from a loop's second
    turn on."""

    arguments: bytes
    replies: Mapping[str, Mapping[str, bytes]]
    later: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)

    def reply(self, role: str, operation: str, site: str) -> bytes:
        """The reply of a role's worker, as JSON bytes."""
        later = self.later.get(role, {})
        return later[operation] if operation in later and turned(site) else self.replies[role].get(operation, b"null")


@dataclass(frozen=True, slots=True)
class Turning:
    """The reply in a loop's first turn, and the reply in all later ones."""

    first: Any
    later: Any


def scenarios(
    programs: Mapping[str, RoleProgram], starts: Sequence[bytes] = (), until: float = math.inf
) -> list[Scenario]:
    """Scenarios that take different paths, an ordinary one first. `starts`: start payloads, all of which are kept; if
    there are none, payloads are generated. `until`: when to stop looking, in seconds of the process's monotonic
    clock."""
    choreography = next(iter(programs.values())).choreography
    choices = _choices(programs, Maker(constants(choreography)), starts)
    return [_scenario(choreography, choices, picks) for picks in _found(programs, choices, bool(starts), until)]


def first_scenario(programs: Mapping[str, RoleProgram], start: bytes | None, *, ends: bool) -> Scenario:
    """An ordinary scenario. `ends`: its replies have to lead to an end, so the first scenario that ends is taken."""
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
    """Choices that take different paths, as places in `choices`. `started`: every start is kept."""
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
        known = path is None and bool(found)  # choices without an end are varied further until some end
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
    """The events that are sent from outside in a scenario, by role and name."""
    return {
        role: {told: value for name, value in replies.items() if (told := waits.event_in(name)) is not None}
        for role, replies in scenario.replies.items()
    }


def unreached(choreography: Choreography, sites: Iterable[str]) -> list[str]:
    """Every call, message and selection of the projections that no search came to, in words. Sites that differ only by
    loop counters, or by the calls that led to them, count as one."""
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
    """The constant parts of an f-string; the inserted values are counters."""
    if isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from _constants(part)
    elif isinstance(node, ast.Constant):
        yield str(node.value)


def _choices(
    programs: Mapping[str, RoleProgram], maker: Maker, starts: Sequence[bytes]
) -> dict[tuple[str, str], list[Any]]:
    """The values to choose from, by ("", parameter) or (role, operation). Given start payloads come first, as one
    choice."""
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
    """Replies that change after a loop's first turn: from the ordinary value to another, and from another to it."""
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
    """A worker that gives a scenario's replies."""

    def __init__(self, program: RoleProgram, scenario: Scenario) -> None:
        super().__init__(program.projection.operations, {})
        self._role, self._scenario = program.role, scenario

    def _run(self, call: CallWorker) -> Answer:
        return Replied(self._scenario.reply(self._role, call.operation, call.site))


def _path(programs: Mapping[str, RoleProgram], scenario: Scenario) -> Hashable | None:
    """The calls, messages and labels of a run without faults, and its outcome; None if it does not end."""

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
