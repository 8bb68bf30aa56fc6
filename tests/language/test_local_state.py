"""Random choreographies in which roles count for themselves while others decide: what compiles does what the text says,
in any order of delivery, and nobody waits for ever."""

from __future__ import annotations

import random

import pytest

from accompanist.language import direct
from accompanist.language.compile import compile_file
from tests.language.programs import World

PROGRAMS, RUNS = 60, 3
ROLES = ("a", "b", "c")
HEAD = """
from accompanist import At, Role, choreography, com, query, share
class R(Role):
    @query
    def f(self, x: int) -> int: ...
@choreography
def made(a: R, b: R, c: R, n: At[int, "a"]) -> At[int, "a"]:
    xa = n
    xb = b.f(com(n, to=b))
    xc = c.f(com(xb, to=c))
    both = share(xc, to=[b])
"""


class Text:
    """One choreography, line by line."""

    def __init__(self, seed: int) -> None:
        self.chance, self.lines, self.loops = random.Random(seed), [], 0
        self.block(1, 2)
        self.lines.append("    return xa + com(xb, to=a) + com(xc, to=a) + com(both, to=a)")

    def block(self, depth: int, deeper: int) -> None:
        for _ in range(self.chance.randint(1, 3)):
            self.statement("    " * depth, depth, deeper)

    def statement(self, indent: str, depth: int, deeper: int) -> None:
        role = self.chance.choice(ROLES)
        other = self.chance.choice([one for one in ROLES if one != role])
        name = self.chance.choice([f"x{role}", "both"]) if role != "a" else "xa"
        match self.chance.choice(["own", "own", "own", "call", "move", "if", "if", "match", "for"]):
            case "own":
                self.lines.append(f"{indent}{name} = {name} {self.chance.choice(['+ 3', '* 2', '- 1'])}")
            case "call":
                self.lines.append(f"{indent}x{role} = {role}.f(x{role} % 7)")
            case "move":
                self.lines.append(f"{indent}x{other} = com(x{role}, to={other})")
            case "if" if deeper:
                self.lines.append(f"{indent}if {name} % {self.chance.randint(2, 3)} == 0:")
                self.block(depth + 1, deeper - 1)
                if self.chance.random() < 0.5:
                    self.lines.append(f"{indent}else:")
                    self.block(depth + 1, deeper - 1)
            case "match" if deeper:
                self.lines.append(f"{indent}match {name} % 2 == 0, {name} > 5:")
                for pattern in ("True, False", "_, True", "False, False"):
                    self.lines.append(f"{indent}    case {pattern}:")
                    self.block(depth + 2, deeper - 1)
            case "for" if deeper:
                self.loops += 1
                self.lines.append(f"{indent}for t{self.loops} in range({name} % 3):")
                self.block(depth + 1, deeper - 1)
            case _:
                self.lines.append(f"{indent}{name} = {name} + 1")


def compared(seed: int) -> bool:
    """Whether the program of this seed compiles; if so, it is run."""
    text = HEAD + "\n".join(Text(seed).lines) + "\n"
    found = compile_file("/p/made.py", root="/p", read=lambda path: text if path == "/p/made.py" else None)
    if not found.ok:
        return False
    [choreography] = found.choreographies
    ask = direct.workers({f"{role}.f": lambda x, add=add: x + add for add, role in enumerate(ROLES, 1)})
    for run in range(RUNS):
        told = direct.run(choreography, {"n": seed % 5 + run}, ask)
        world = World(choreography, {"n": seed % 5 + run}, ask, run).run()
        assert (world.aborted, world.stuck, world.results.get("a")) == (None, [], told.result), text
        wanted = sorted((call.role, call.site, call.arguments["x"]) for call in told.calls)
        assert sorted((role, site, given["x"]) for role, site, _, given in world.calls) == wanted, text
    return True


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_what_compiles_does_what_the_text_says(part: int) -> None:
    ran = [compared(seed) for seed in range(part, PROGRAMS, 4)]
    assert sum(ran) > len(ran) / 3, "too few of them compile to show anything"
