"""A chain of three links: each adds its own, and hands the sum on.

The middle one of the three chains by which the paper on Accompanist measures what a saga costs. The number goes from
one service to the next without coming back to the start in between, which is what a choreography is for: an
orchestrator would send six messages where this one sends four. Each link adds in a transaction that can be undone,
and names what it was given, so if the third link's worker declines, the second and the first take back what they
added, each by the very arguments of its own call. The variable `number` is bound anew on each line, each time at
another role, and the places follow from the values: no line says where it lives.

Source: the chain benchmark of Kløvedal, Plyukhin, Peressotti, Montesi, Accompanist: A Runtime for Resilient
Choreographic Programming (arXiv 2603.20942).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, transaction


class Link(Role):
    @transaction
    def add(self, number: int) -> int: ...

    @add.compensation
    def take(self, number: int) -> None: ...


@choreography
def chain3(start: Link, link1: Link, link2: Link, link3: Link, number: At[int, "start"]) -> At[int, "start"]:
    number = link1.add(com(number, to=link1))
    number = link2.add(com(number, to=link2))
    number = link3.add(com(number, to=link3))
    return com(number, to=start)


WORKERS: dict[str, Callable[..., Any]] = {
    "link1.add": lambda number: number + 1,
    "link2.add": lambda number: number + 2,
    "link3.add": lambda number: number + 3,
}
ARGUMENTS: list[dict[str, Any]] = [{"number": 0}, {"number": 7}]
RESULTS: list[Any] = [6, 13]
