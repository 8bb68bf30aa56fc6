"""Random choreographies: whatever the checks let through, its projections do what the direct reading does.

Programs are made of three roles, integer values, calls, coms, shares, branches and loops in one another, early returns,
break, continue and aborts.
The generator knows who owns what and writes only what a careful author would; a program that is refused all the same
(by the saga check: everything here can be undone, so by none) is a failure of the test.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accompanist.language import direct
from accompanist.language.compile import compile_file
from accompanist.language.program.program import Choreography
from accompanist.language.projection.amend import Amender, erase
from accompanist.language.text.diagnostic import render
from tests.language.programs import World

pytestmark = pytest.mark.slow

ROLES = ("a", "b", "c")
HEAD = """\
from accompanist import At, Role, attempt, choreography, com, share, transaction

class R(Role):
    @transaction
    def do(self, number: int) -> int: ...
    @do.compensation
    def undo(self, number: int) -> None: ...

@choreography
def random_program(a: R, b: R, c: R, p: At[int, "a"]) -> At[int | None, "a"]:
    com(p, to=b)
    com(p, to=c)
"""
"""Every role is reached at first: what happens to those that are not has tests of its own below."""

UNREACHED = HEAD.replace("    com(p, to=b)\n    com(p, to=c)\n", "")


CALLED = {
    "called(": """\
@choreography
def called(x: R, y: R, z: R, n: At[int, "x"], m: At[int, "y"]) -> At[int, "x", "z"]:
    if n % 2 == 0:
        return share(x.do(n), to=[z])
    k = y.do(m + com(n, to=y))
    if k % 3 == 0:
        z.do(com(k, to=z))
        return share(com(k, to=x) + n, to=[z])
    return share(com(m, to=x), to=[z])

""",
    "deeper(": """\
@choreography
def deeper(x: R, y: R, z: R, n: At[int, "x"]) -> At[int, "y"]:
    if n < 1:
        return com(n, to=y)
    if n % 3 == 1:
        return com(deeper(z, x, y, com(n - 1, to=z)), to=y)
    total = 0
    for i in range(n % 4):
        v = y.do(com(i, to=y))
        if v % 5 == 0:
            return v
        total = com(v, to=x)
    com(total, to=z)
    return deeper(x, y, z, n // 2)

""",
}
"""Called with roles in any order; the second calls itself in another order."""


def program(head: str, author: Author) -> str:
    body = "\n".join(author.lines) + "\n"
    called = "".join(text for name, text in CALLED.items() if name in body)
    return head.replace("@choreography", f"{called}@choreography") + body


class Author:
    """Writes a body, knowing the owners of every name."""

    def __init__(self, seed: int, reached: set[str]) -> None:
        self._chance = random.Random(seed)
        self._reached = reached
        self._count = 0
        self._outer: set[str] = {"p"}  # names that are not assigned again here
        self._loops: list[str] = []
        self.lines: list[str] = []

    def body(self) -> None:
        self._block(1, {"p": {"a"}}, set(self._reached), self._chance.randint(3, 9))
        self.lines.append("    return p")

    def _block(self, depth: int, owned: dict[str, set[str]], reached: set[str], length: int) -> bool:
        """Write statements; whether the block ended early."""
        before = len(self.lines)
        for _ in range(length):
            if self._statement(depth, owned, reached):
                return True
        if len(self.lines) == before:
            self._line(depth, "pass")
        return False

    def _statement(self, depth: int, owned: dict[str, set[str]], reached: set[str]) -> bool:
        kind = self._chance.choice(
            [
                "call",
                "call",
                "com",
                "com",
                "com",
                "share",
                "let",
                "if",
                "if",
                "if",
                "loop",
                "return",
                "abort",
                "turn",
                "enter",
            ]
        )
        role = self._chance.choice(sorted(reached))
        names = sorted(name for name, owners in owned.items() if role in owners)
        name = self._chance.choice(names) if names else "7"
        if kind == "call":
            self._line(depth, f"{self._fresh(owned, {role})} = {role}.do({name} + {self._chance.randint(0, 3)})")
        elif kind in ("com", "share") and names:
            self._move(depth, kind, role, name, owned, reached)
        elif kind == "enter":
            self._enter(depth, role, owned, reached)
        elif kind == "let" and names:
            other = self._chance.choice(names)
            self._line(depth, f"{self._fresh(owned, owned[name] & owned[other])} = {name} * 2 - {other}")
        elif kind == "if" and depth < 4 and names:
            self._branch(depth, name, owned, reached)
        elif kind == "loop" and depth < 3 and len(self._loops) < 2 and names:
            self._loop(depth, name, owned, reached)
        elif kind == "turn" and self._loops:
            self._line(depth, f"if {name} % 2 == 0:")
            self._line(depth + 1, self._chance.choice(["break", "continue"]))
        elif kind == "return" and depth > 1 and self._chance.random() < 0.5:
            mine = [name for name, owners in owned.items() if "a" in owners]
            self._line(depth, f"return {self._chance.choice([*mine, 'None', '5'])}")
            return True
        elif kind == "abort" and depth > 1 and self._chance.random() < 0.3:
            self._line(depth, f"{role}.abort('x')")
            return True
        return False

    def _move(self, depth: int, kind: str, role: str, name: str, owned: dict[str, set[str]], reached: set[str]) -> None:
        to = self._chance.choice(ROLES)
        if kind == "com":
            self._line(depth, f"{self._fresh(owned, {to})} = com({name}, to={to})")
        else:
            self._line(depth, f"{self._fresh(owned, owned[name] | {to})} = share({name}, to=[{to}])")
        if to not in owned.get(name, set()):
            reached.add(to)

    def _enter(self, depth: int, role: str, owned: dict[str, set[str]], reached: set[str]) -> None:
        y, z = self._others(role)
        mine = self._mine(role, owned)
        if self._chance.random() < 0.5:
            self._called(depth, (role, y, z), mine, owned, reached)
        else:
            self._line(depth, f"{self._fresh(owned, {y})} = deeper({role}, {y}, {z}, {mine} % 7)")
            reached |= {y, z}

    def _others(self, role: str) -> list[str]:
        others = [other for other in ROLES if other != role]
        self._chance.shuffle(others)
        return others

    def _mine(self, role: str, owned: dict[str, set[str]]) -> str:
        return self._chance.choice(sorted(name for name, owners in owned.items() if role in owners) or ["7"])

    def _called(
        self, depth: int, roles: tuple[str, str, str], mine: str, owned: dict[str, set[str]], reached: set[str]
    ) -> None:
        role, y, z = roles
        yours = self._chance.choice(sorted(name for name, owners in owned.items() if y in owners) or ["4"])
        if y in reached and z in reached:
            self._line(depth, f"{self._fresh(owned, {role, z})} = called({role}, {y}, {z}, {mine}, {yours})")

    def _branch(self, depth: int, name: str, owned: dict[str, set[str]], reached: set[str]) -> None:
        self._line(depth, f"if {name} % {self._chance.randint(2, 3)} == 0:")
        sides = []
        for label in ("", "else:"):
            if label:
                self._line(depth, label)
            inside, there = dict(owned), set(reached)
            ended = self._block(depth + 1, inside, there, self._chance.randint(0, 3))
            if not ended:
                sides.append((inside, there))
        # a name that a side assigns anew has owners that are hard to know here; the author avoids it afterwards
        for key in list(owned):
            if any(inside.get(key) is not owned[key] for inside, _ in sides):
                del owned[key]
        if sides:
            reached &= set[str].intersection(*(there for _, there in sides))

    def _loop(self, depth: int, name: str, owned: dict[str, set[str]], reached: set[str]) -> None:
        self._count += 1
        turn, kind = f"t{self._count}", self._chance.choice(["for", "while"])
        if kind == "for":
            self._line(depth, f"for {turn} in range({name} % 3):")
        else:
            self._line(depth, f"{turn} = {name} % 4")
            self._line(depth, f"while {turn} > 0:")
            self._line(depth + 1, f"{turn} = {turn} - 1")
        guard = set(owned[name])
        inside = {**owned, turn: guard}
        outer, self._outer = self._outer, {*self._outer, *inside}
        self._loops.append(kind)
        sums = [one for one in owned if one not in outer and guard & owned[one]]
        total = self._chance.choice(sums) if sums and self._chance.random() < 0.6 else None
        if total is not None:  # it is known after the loop to those who follow the loop by themselves
            inside[total] = owned[total] = owned[total] & guard
            self._line(depth + 1, f"{total} = {total} + {turn}")
        first = len(self.lines)
        self._block(depth + 1, inside, set(reached), self._chance.randint(1, 4))
        self._loops.pop()
        self._outer = outer
        body = "".join(self.lines[first:])
        if total is not None and any(word in body for word in ("break", "continue", "return", "abort")):
            del owned[total]  # others may decide how the loop ends

    def _fresh(self, owned: dict[str, set[str]], owners: set[str]) -> str:
        if owned and self._chance.random() < 0.2:
            name = self._chance.choice(sorted(owned))
            if name not in self._outer:
                owned[name] = set(owners)
                return name
        self._count += 1
        owned[f"v{self._count}"] = set(owners)
        return f"v{self._count}"

    def _line(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)


def compile_text(source: str) -> tuple[Choreography | None, str]:
    result = compile_file("/p/random_program.py", root="/p", read={"/p/random_program.py": source}.get)
    return (result.choreographies[-1] if result.ok else None), "\n".join(map(render, result.diagnostics)) + source


def ask(role: str, site: str, operation: str, arguments: Mapping[str, Any]) -> tuple[str, Any]:
    number = arguments["number"]
    return ("declined", "no") if number % 11 == 10 else ("replied", number + len(role + site) + ord(role[0]) % 5)


def module_of(source: str) -> ModuleType:
    module = ModuleType("random_program")
    exec(compile(source, "random_program", "exec"), vars(module))
    return module


def compare(choreography: Choreography, source: str, start: int, seed: int) -> None:
    told = direct.run(choreography, {"p": start}, ask, lambda name: module_of(source))
    world = World(choreography, {"p": start}, ask, seed).run()
    if told.aborted:
        assert world.aborted is not None, source
        return
    assert world.aborted is None, source
    assert world.stuck == [], (world.stuck, source)
    wanted = sorted((call.role, call.site, call.arguments["number"]) for call in told.calls)
    assert sorted((role, site, given["number"]) for role, site, _, given in world.calls) == wanted, source
    assert world.results["a"] == told.result, source


@settings(max_examples=100)
@given(st.integers(0, 2**32))
def test_reached_roles(seed: int) -> None:
    author = Author(seed, {"a", "b", "c"})
    author.body()
    source = program(HEAD, author)
    choreography, shown = compile_text(source)
    assert choreography is not None, shown
    for start in (3, 10, 12):
        compare(choreography, source, start, seed)


@settings(max_examples=100)
@given(st.integers(0, 2**32))
def test_roles_that_are_reached_later_or_never(seed: int) -> None:
    author = Author(seed, {"a"})
    author.body()
    source = program(UNREACHED, author)
    choreography, shown = compile_text(source)
    if choreography is None:
        assert "ACC157" in shown, shown  # a role that takes no part
        return
    for start in (3, 10, 12):
        compare(choreography, source, start, seed)


@pytest.mark.parametrize("seed", range(100))
def test_erasing_selections(seed: int) -> None:
    author = Author(seed, {"a", "b", "c"})
    author.body()
    choreography, _ = compile_text(program(HEAD, author))
    if choreography is not None and choreography.header is not None:
        assert erase(Amender(choreography.header).amend(choreography.normal)) == choreography.normal
