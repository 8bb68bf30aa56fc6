"""Random sagas with a commit point: what `check` accepts, the search for failing schedules has to hold.

The author of a program writes pivots, records, retriables, queries, attempts, aborts, waits, branches, loops, recursion
and calls of another choreography. It knows the rules of the commit point and keeps to most of them most of the time: a
program that keeps to none is refused and teaches nothing, and one that keeps to all is no test of the check.

    python -m tests.model.random_sagas --seconds 3600 --seed 1

searches programs until the time is up, and prints each that breaks with its schedule.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from accompanist.language.compile import compile_file
from accompanist.language.program.load import load
from accompanist.language.program.program import RoleProgram
from accompanist.simulation.search import diagram as explore_diagram
from accompanist.simulation.search.explore import Explorer, FaultBudget, SearchBounds
from accompanist.simulation.search.faithful import DirectComparison
from accompanist.simulation.search.scenarios import events_of, scenarios
from accompanist.simulation.search.verify import workers_of
from tests.model import causality

HEAD = """\
from accompanist import At, Role, attempt, choreography, com, share, query, transaction

class R(Role):
    @transaction
    def do(self, number: int) -> int: ...
    @do.compensation
    def undo(self, number: int) -> None: ...
    @transaction
    def fin(self, number: int) -> int: ...
    @transaction(retriable=True)
    def tell(self, number: int) -> int: ...
    @transaction(retriable=True)
    def redo(self, number: int) -> int: ...
    @redo.compensation
    def unredo(self, number: int) -> None: ...
    @query
    def ask(self, number: int) -> int: ...

"""
CALLED = {
    "called(": """\
@choreography
def called(x: R, y: R, n: At[int, "x"]) -> At[int, "x"]:
    m = com(n, to=y)
    if n % 2 == 0:
        return com(y.{inner}(m), to=x)
    return com(m, to=x)

""",
    "again(": """\
@choreography
def again(x: R, y: R, n: At[int, "x"]) -> At[int, "x"]:
    if n % 3 == 0:
        return n
    m = y.{inner}(com(n, to=y))
    return again(x, y, com(m, to=x) * 0 + n // 3 * 3)

""",
    "turned(": """\
@choreography
def turned(x: R, y: R, n: At[int, "x"]) -> At[int, "x"]:
    m = com(n, to=y)
    if m < 2:
        return com(m, to=x)
    if m % 5 == {few}:
        {aborts}.abort("x")
    y.{inner}(m)
    return com(turned(y, x, m // 2), to=x)

""",
    "ended(": """\
@choreography
def ended(x: R, y: R, n: At[int, "x"]) -> None:
    m = share(n % 4, to=[y])
    if m > 0:
        ended(x, y, m - 1)
    if m == {few}:
        {aborts}.abort("x")
    {told}

""",
}
"""Called with roles in any order; all but the first call themselves, one with its roles swapped."""
ROLES = "abc"
BOUNDS = SearchBounds(states_max=3_000, seconds_max=20.0)
FREE = FaultBudget(crashes=0, declines=99)
HURT = (
    FaultBudget(crashes=1, declines=1),
    FaultBudget(crashes=0, declines=1, cancels=1),
    FaultBudget(crashes=0, declines=1, deadlines=1),
    FaultBudget(crashes=0, declines=1, lost_answers=1),
)
_CALLS_MAX = 5
_RUNS, _PATHS = 8, 4


class Author:
    """Writes one program. `owned`: who has which name; `reached`: who has heard of the session; `committed`: whether
    the author takes the saga to be committed where it writes."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._names = self._calls = self._loops = 0
        self._once = self._chance.choice(ROLES)  # who commits, as a rule
        self._careless_share = self._chance.choice([0.03, 0.1, 0.25])
        self._inner = self._chance.choice(["do", "do", "ask", "tell", "redo", "tell"])
        self._few, self._aborts = self._chance.choice([0, 1, 2, 9]), self._chance.choice("xy")
        self._told = self._chance.choice(
            ["pass", "com(m + com(1, to=y), to=x)", "com(com(n, to=y), to=x)", "com(n, to=y)"]
        )
        self._reached = {"a"}  # on some path
        self.lines: list[str] = []

    def text(self) -> str:
        ends, _ = self._block(1, {"p": {"a"}}, {"a"}, self._chance.randint(3, 7), committed=False, turns=False)
        if not ends:
            self._line(1, "return p")
        body = "\n".join(self.lines) + "\n"
        given = {"inner": self._inner, "few": self._few, "aborts": self._aborts, "told": self._told}
        called = "".join(text.format(**given) for name, text in CALLED.items() if name in body)
        roles = ", ".join(f"{role}: R" for role in ROLES if role in self._reached)
        head = f'@choreography\ndef random_program({roles}, p: At[int, "a"]) -> At[int | None, "a"]:\n'
        return HEAD + called + head + body

    def _block(
        self, depth: int, owned: dict[str, set[str]], reached: set[str], length: int, committed: bool, turns: bool
    ) -> tuple[bool, bool]:
        """Write statements; whether the block ended early, and whether the saga is committed behind it."""
        before = len(self.lines)
        for _ in range(length):
            ended, committed = self._statement(depth, owned, reached, committed, turns)
            if ended:
                return True, committed
        if len(self.lines) == before:
            self._line(depth, "pass")
        return False, committed

    def _statement(
        self, depth: int, owned: dict[str, set[str]], reached: set[str], committed: bool, turns: bool
    ) -> tuple[bool, bool]:
        kinds, weights = zip(*_WEIGHTS.items(), strict=True)
        kind = self._chance.choices(kinds, weights)[0]
        role = self._chance.choice(sorted(reached))
        names = sorted(name for name, owners in owned.items() if role in owners)
        name = self._chance.choice(names) if names else "7"
        match kind:
            case "call":
                committed = self._call(depth, role, name, owned, committed, turns)
            case "commit" if not committed and not turns:
                committed = self._commit(depth, owned, reached)
            case "com" | "share" if names:
                self._move(depth, kind, role, name, owned, reached)
            case "let" if names and self._calls < _CALLS_MAX:
                self._let(depth, role, name, self._chance.choice(names), owned)
            case "wait":
                self._wait(depth, role, owned)
            case "enter" if self._calls < _CALLS_MAX - 1 and (len(self._reached) > 1 or names):
                self._enter(depth, role, name, owned, reached)
            case "if" if depth < 4 and names:
                return self._branch(depth, name, owned, reached, committed, turns)
            case "loop" if depth < 3 and names and self._loops < 2:
                committed = self._loop(depth, name, owned, reached, committed)
            case "turn" if turns and names:
                self._line(depth, f"if {name} % 2 == 0:")
                self._line(depth + 1, self._chance.choice(["break", "continue"]))
            case "abort" if depth > 1 and (not committed or self._careless):
                self._line(depth, f"{role}.abort('x')")
                return True, committed
            case "return" if depth > 1:
                self._line(depth, self._chance.choice(["return p", "return None"]))
                return True, committed
        return False, committed

    @property
    def _careless(self) -> bool:
        return self._chance.random() < self._careless_share

    def _call(self, depth: int, role: str, name: str, owned: dict[str, set[str]], committed: bool, turns: bool) -> bool:
        if self._calls >= _CALLS_MAX:
            return committed
        if self._careless:
            kind = self._chance.choice(["do", "fin", "tell", "ask", "commit"])
        elif committed:
            kind = self._chance.choice(["tell", "tell", "tell", "redo", "attempt do", "attempt ask"])
        else:
            kind = self._chance.choice(["do", "do", "do", "ask", "redo", "tell", "attempt do", "attempt ask"])
        self._calls += 1
        if kind == "commit":
            self._line(depth, f"{role}.commit()")
            return True
        target = self._fresh(owned, {role})
        if kind.startswith("attempt "):
            self._line(depth, f"{target}o = attempt({role}.{kind.removeprefix('attempt ')}({name}))")
            self._line(depth, f"{target} = {target}o.value if {target}o.ok else 0")
        else:
            self._line(depth, f"{target} = {role}.{kind}({name})")
        return committed or kind in ("fin", "tell")

    def _commit(self, depth: int, owned: dict[str, set[str]], reached: set[str]) -> bool:
        """Everybody tells one role how far it came, and that one commits; then it may tell everybody."""
        role = self._once if self._once in reached and not self._careless else self._chance.choice(sorted(reached))
        for other in sorted(reached - {role}):
            mine = sorted(name for name, owners in owned.items() if other in owners and role not in owners)
            if mine and not (self._chance.random() < 0.15):
                self._line(depth, f"{self._fresh(owned, {role})} = com({self._chance.choice(mine)}, to={role})")
        self._calls += 1
        names = sorted(name for name, owners in owned.items() if role in owners) or ["7"]
        kind = self._chance.choice(["fin", "fin", "commit", "tell"])
        target = self._fresh(owned, {role})
        call = f"{role}.commit()" if kind == "commit" else f"{role}.{kind}({self._chance.choice(names)})"
        if kind == "commit":
            self._line(depth, call)
            self._line(depth, f"{target} = {names[-1]}")
        else:
            self._line(depth, f"{target} = {call}")
        for other in sorted(reached - {role}):
            if self._chance.random() < 0.6:
                self._line(depth, f"{self._fresh(owned, {other})} = com({target}, to={other})")
        return True

    def _move(self, depth: int, kind: str, role: str, name: str, owned: dict[str, set[str]], reached: set[str]) -> None:
        to = self._chance.choice([other for other in ROLES if other != role])
        owners = {to} if kind == "com" else owned[name] | {to}
        there = to if kind == "com" else f"[{to}]"
        if to not in owned[name]:
            self._reach(to, reached)
        self._line(depth, f"{self._fresh(owned, owners)} = {kind}({name}, to={there})")

    def _let(self, depth: int, role: str, name: str, by: str, owned: dict[str, set[str]]) -> None:
        """An expression that may raise, or does not because it is asked before or attempted; the value is used, for
        nobody computes what nobody uses."""
        forms = [
            "{0} // {1}",
            "{0} // {1} if {1} != 0 else 1",
            "{0} % {1} if {1} > 0 else 2",
            "attempt(6 // {1}).reason",
        ]
        value = self._chance.choice(forms).format(name, by)
        value = f"len({value})" if "attempt" in value else value
        self._calls += 1
        self._line(depth, f"{self._fresh(owned, {role})} = {role}.redo({value})")

    def _wait(self, depth: int, role: str, owned: dict[str, set[str]]) -> None:
        target = self._fresh(owned, {role})
        if self._chance.random() < 0.5:
            self._line(depth, f'{target}o = {role}.timeout({role}.event("e{target}", int), 60.0)')
            self._line(depth, f"{target} = {target}o.value if {target}o.ok else 1")
        else:
            self._line(depth, f'{target} = {role}.event("e{target}", int)')

    def _enter(self, depth: int, role: str, name: str, owned: dict[str, set[str]], reached: set[str]) -> None:
        other = self._chance.choice([other for other in ROLES if other != role])
        self._reach(other, reached)
        self._calls += 2
        called = self._chance.choice(["called", "again", "turned", "ended"])
        target = "" if called == "ended" else f"{self._fresh(owned, {role})} = "
        self._line(depth, f"{target}{called}({role}, {other}, {name})")

    def _branch(
        self, depth: int, name: str, owned: dict[str, set[str]], reached: set[str], committed: bool, turns: bool
    ) -> tuple[bool, bool]:
        self._line(depth, f"if {name} % 2 == 0:")
        sides: list[tuple[set[str], bool]] = []
        for label in ("", "else:"):
            if label:
                self._line(depth, label)
            there = set(reached)
            length = self._chance.randint(0, 3)
            ended, after = self._block(depth + 1, dict(owned), there, length, committed, turns)
            if not ended:
                sides.append((there, after))
        if not sides:
            return True, committed
        reached |= set[str].intersection(*(there for there, _ in sides))
        afters = {after for _, after in sides}
        return False, afters.pop() if len(afters) == 1 else self._chance.random() < 0.7

    def _loop(self, depth: int, name: str, owned: dict[str, set[str]], reached: set[str], committed: bool) -> bool:
        self._loops += 1
        turn = f"t{self._loops}"
        if self._chance.random() < 0.6:
            self._line(depth, f"for {turn} in range({name} % 3):")
        else:
            self._line(depth, f"{turn} = {name} % 3")
            self._line(depth, f"while {turn} > 0:")
            self._line(depth + 1, f"{turn} = {turn} - 1")
        inside = {**owned, turn: owned[name]}
        length = self._chance.randint(1, 4)
        _, after = self._block(depth + 1, inside, set(reached), length, committed, turns=not self._careless)
        return committed or (after and self._chance.random() < 0.5)

    def _reach(self, role: str, reached: set[str]) -> None:
        reached.add(role)
        self._reached.add(role)

    def _fresh(self, owned: dict[str, set[str]], owners: set[str]) -> str:
        self._names += 1
        owned[f"v{self._names}"] = set(owners)
        return f"v{self._names}"

    def _line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)


_WEIGHTS = {
    "call": 6.0,
    "commit": 1.5,
    "com": 5.0,
    "share": 1.0,
    "if": 2.5,
    "loop": 1.0,
    "turn": 0.7,
    "wait": 0.3,
    "let": 0.8,
    "enter": 0.5,
    "abort": 0.7,
    "return": 0.4,
}


class Found(NamedTuple):
    """What came of one program that is accepted. `broken`: what was found, with the program; `stopped`: how many
    searches met their bound."""

    broken: str = ""
    searched: int = 0
    stopped: int = 0
    states: int = 0


def text(seed: int) -> str:
    """The program of a seed."""
    return Author(seed).text()


def programs_of(source: str) -> tuple[dict[str, RoleProgram], tuple[str, ...]]:
    """The programs of the roles, or the codes of what `check` has against it."""
    result = compile_file("/p/random_program.py", root="/p", read={"/p/random_program.py": source}.get)
    if not result.ok:
        return {}, tuple(one.code for one in result.diagnostics)
    choreography = next(one for one in result.choreographies if one.name == "random_program")
    return {role: load(choreography, role) for role in choreography.roles}, ()


def ordered(programs: Mapping[str, RoleProgram], source: str, seed: int) -> str:
    """What is wrong in some runs of a program as far as what happens before what says it; empty if nothing is."""
    for run in range(_RUNS):
        found = causality.problems(programs, {"p": run}, seed + run)
        if found:
            return f"p={run}: {found}\n{shown(source)}"
    return ""


def searched(
    programs: Mapping[str, RoleProgram], source: str, faults: Sequence[FaultBudget], bounds: SearchBounds = BOUNDS
) -> Found:
    """Search an accepted program, some of its paths, under each of these faults."""
    found = Found()
    for scenario in scenarios(programs)[:_PATHS]:
        for spent in faults:
            workers = workers_of(programs, scenario, None, declines=spent.declines > 0)
            judge = DirectComparison(programs, workers, scenario.arguments)
            told = events_of(scenario)
            explorer = Explorer(
                programs, workers, scenario.arguments, spent, judge=judge, events=told, refines=not spent.lies
            )
            report = explorer.explore(bounds)
            found = found._replace(
                searched=found.searched + 1,
                stopped=found.stopped + bool(report.stopped),
                states=found.states + report.states,
            )
            if report.broken is not None:
                drawn = explore_diagram.text(list(programs), report.schedule)
                text = f"{spent}, {scenario.arguments.decode()}: {report.broken}\n{shown(source)}\n{drawn}"
                return found._replace(broken=text)
    return found


def shown(source: str) -> str:
    """A program without its roles."""
    return source[source.index("@choreography") :]


def main(arguments: Sequence[str]) -> int:
    """Judge programs until the time is up."""
    parser = argparse.ArgumentParser(description="Random sagas: what check accepts, verify does not break.")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--search", type=int, default=10, help="one accepted program in so many is searched")
    parser.add_argument("--hurt", type=int, default=5, help="of these, one in so many with other faults too")
    asked = parser.parse_args(arguments)
    began, seed, breaks = time.monotonic(), asked.seed, 0
    counted: Counter[str] = Counter()
    while time.monotonic() - began < asked.seconds:
        source = text(seed)
        programs, refused = programs_of(source)
        counted["programs"] += 1
        counted.update(set(refused) or ["accepted"])
        if programs and next(iter(programs.values())).choreography.commit_role is not None:
            counted["with a commit point"] += 1
            broken = ordered(programs, source, seed)
            if not broken and counted["with a commit point"] % asked.search == 0:
                hurt = HURT if counted["searched programs"] % asked.hurt == 0 else ()
                counted["searched programs"] += 1
                found = searched(programs, source, (FREE, *hurt))
                broken = found.broken
                counted.update({"searches": found.searched, "not finished": found.stopped, "states": found.states})
            if broken:
                breaks += 1
                print(f"seed {seed}: {broken}", flush=True)
        seed += 1
    print(f"seeds {asked.seed} to {seed - 1}: {breaks} broken; {dict(counted)}")
    return breaks > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
