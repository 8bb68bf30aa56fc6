"""Leader election on a ring: the highest number goes around once; then everyone is told whose it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, share


class Node(Role):
    @query
    def number(self, round: int) -> int: ...


@choreography
def step(before: Node, after: Node, highest: At[int, "before"]) -> At[int, "after"]:
    seen = com(highest, to=after)
    return max(seen, after.number(0))


@choreography
def ring_election(a: Node, b: Node, c: Node, d: Node, start: At[int, "a"]) -> At[int, "a", "b", "c", "d"]:
    at_b = step(a, b, start)
    at_c = step(b, c, at_b)
    at_d = step(c, d, at_c)
    at_a = step(d, a, at_d)
    return share(at_a, to=[b, c, d])


WORKERS: dict[str, Callable[..., Any]] = {
    "a.number": lambda round: 3,
    "b.number": lambda round: 9,
    "c.number": lambda round: 4,
    "d.number": lambda round: 1,
}
ARGUMENTS: list[dict[str, Any]] = [{"start": 0}, {"start": 50}]
RESULTS: list[Any] = [9, 50]
