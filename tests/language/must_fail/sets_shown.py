"""A set may be used where its order does not show, and nowhere else."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from accompanist import At, Role, choreography, pure, query


@pure
def joined(names: Iterable[str]) -> str:
    return "".join(names)


@pure
def longest(names: set[str]) -> int:
    return max(len(name) for name in sorted(names))


@pure
def spelt(names: frozenset[str]) -> str:
    return " ".join(names)  #! ACC138 sets have no order


@dataclass(frozen=True)
class Tags:
    names: frozenset[str]

    def __str__(self) -> str:
        return ",".join(sorted(self.names))


@pure
def written(tags: Tags) -> str:
    a = f"{tags} {tags!r}"  #! ACC138 the order of a set shows
    b = f"{[tags]}" + repr(tags)  #! ACC138 the order of a set shows #! ACC138 the order of a set shows
    return a + b + str(tags) + "%r" % tags  #! ACC138 the order of a set shows


class Desk(Role):
    @query
    def ask(self, text: str) -> int: ...


@choreography
def sets_shown(desk: Desk, names: At[list[str], "desk"]) -> At[int, "desk"]:
    once = set(names)
    a = desk.ask(joined(once))  #! ACC138 this goes through a set
    b = desk.ask("%s" % (once,))  #! ACC138 this goes through a set
    c = desk.ask(f"{(once, 1)}")  #! ACC138 this goes through a set
    d = desk.ask(str([once]))  #! ACC138 this goes through a set
    e = len([name for name in (once if a > 1 else names)])  #! ACC138 this goes through a set
    f = math.fsum({1.5, 2.5})  #! ACC138 this goes through a set
    g = max(once, key=lambda name: len(name))  #! ACC138 this goes through a set
    h = desk.ask(written(Tags(frozenset(names))) + f"{Tags(frozenset(names))!r}")  #! ACC138 this goes through a set
    head, tail = once  #! ACC138 a set has no order
    fine = longest(once) + len(once) + sum({1, 2}) + (1 if "a" in once and once <= {"a"} else 2)
    return a + b + c + d + e + len(spelt(frozenset(names))) + fine + round(f) + h + len(g) + len(head)
