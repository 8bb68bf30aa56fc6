"""A chain of one link: it adds its own, and hands the sum back.

The shortest of the three chains by which the paper on Accompanist measures what a saga costs. A number goes from the
start to the link and back; the link's worker adds to it, in a transaction that can be undone. So there are two
messages, one transaction, and no decision: everything else that a saga costs is the price of durability, of its
start, its effect and its settlement. Nothing in the program says so; the sidecars do it for every saga. The chains of
three and five links stand beside it, for what grows with the number of services, and what does not.

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
def chain1(start: Link, link1: Link, number: At[int, "start"]) -> At[int, "start"]:
    number = link1.add(com(number, to=link1))
    return com(number, to=start)


WORKERS: dict[str, Callable[..., Any]] = {
    "link1.add": lambda number: number + 1,
}
ARGUMENTS: list[dict[str, Any]] = [{"number": 0}, {"number": 7}]
RESULTS: list[Any] = [1, 8]
