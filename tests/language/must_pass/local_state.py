"""A role whose own values change where another role decides is told the branch, though it calls nothing there: in an
`if`, in a loop, in a match, in branches of branches, and where two roles hold what changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, share


class Desk(Role):
    @query
    def look(self, number: int) -> int: ...


@choreography
def doubled(a: Desk, b: Desk, times: At[int, "a"], start: At[int, "b"]) -> At[int, "b"]:
    left = times
    value = start
    while left > 0:
        left -= 1
        value = value * 2
    return value


@choreography
def local_state(a: Desk, b: Desk, c: Desk, n: At[int, "a"], k: At[int, "a"]) -> At[int, "a"]:
    at_b = b.look(com(k, to=b))
    at_c = c.look(com(k, to=c))
    both = share(com(k, to=b), to=[c])
    if n > 3:
        at_b = at_b + 1
        both = both * 2
    elif n > 1:
        at_c = at_c - 1
    if at_c > 5:  # c decides, b changes
        at_b = at_b + 10
    match n:
        case 0:
            at_b = at_b + 100
        case 1 | 2:
            at_b = at_b + 200
        case _:
            if k == 2:
                return com(at_b, to=a)
    for one in range(n):
        if one == 2:
            at_c = at_c + 1000
    at_b = doubled(a, b, n, at_b)
    total = com(at_b, to=a) + com(at_c, to=a) + com(both, to=a)
    return a.look(total)


WORKERS: dict[str, Callable[..., Any]] = {
    "a.look": lambda number: number + 1,
    "b.look": lambda number: number + 2,
    "c.look": lambda number: number + 3,
}
ARGUMENTS: list[dict[str, Any]] = [
    {"n": n, "k": k} for n, k in [(0, 1), (0, 7), (1, 1), (2, 1), (2, 2), (2, 9), (3, 1), (3, 2), (5, 3), (5, 8)]
]
