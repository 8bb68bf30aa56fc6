"""Leader election on a ring: the highest number goes around once; then everyone is told whose it is.

Each node compares what it is handed with its own number, hands the higher one on, and knows nothing but its two
neighbours. One step is a choreography of two roles, called four times with the next two of the ring: its parameter is
at the first, its result at the second. After a round the highest number is back where it began, and is shared with
all. Nobody could have sent a number that is not its own or its predecessor's, since that is what each program is
projected to. A ring of a length that is known only at run time cannot be written: each node's program names its
neighbours. Such a ring is one session for each step.

Source: Chang, Roberts (1979); as a choreography in Montesi, Introduction to Choreographies (2023), and MultiChor.
"""

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
