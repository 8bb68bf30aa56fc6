"""A chain of five links: each adds its own, and hands the sum on.

The longest of the three chains by which the paper on Accompanist measures what a saga costs. Six services take part,
and each of them knows its two neighbours and nobody else: the program of the third link receives from the second,
asks its worker, and sends to the fourth. `accompanist project` prints it, in four lines. The last link does not know
how many there are before it, and the start learns only the sum. Written as a loop over the links, `for link in (…)`,
it would be the same program, since such a loop is written out; here each line stands for itself, so that a diagram of
it can be read against the text.

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
def chain5(
    start: Link, link1: Link, link2: Link, link3: Link, link4: Link, link5: Link, number: At[int, "start"]
) -> At[int, "start"]:
    number = link1.add(com(number, to=link1))
    number = link2.add(com(number, to=link2))
    number = link3.add(com(number, to=link3))
    number = link4.add(com(number, to=link4))
    number = link5.add(com(number, to=link5))
    return com(number, to=start)


WORKERS: dict[str, Callable[..., Any]] = {
    "link1.add": lambda number: number + 1,
    "link2.add": lambda number: number + 2,
    "link3.add": lambda number: number + 3,
    "link4.add": lambda number: number + 4,
    "link5.add": lambda number: number + 5,
}
ARGUMENTS: list[dict[str, Any]] = [{"number": 0}, {"number": 7}]
RESULTS: list[Any] = [15, 22]
