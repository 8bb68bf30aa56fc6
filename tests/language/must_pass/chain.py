"""A chain of five roles; the last one holds the pivot and answers along the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, transaction


class Step(Role):
    @transaction
    def do(self, number: int) -> int: ...

    @do.compensation
    def undo(self, number: int) -> None: ...

    @transaction
    def close(self, number: int) -> int: ...


@choreography
def chain(a: Step, b: Step, c: Step, d: Step, e: Step, start: At[int, "a"]) -> At[int, "a"]:
    one = a.do(start)
    two = b.do(com(one, to=b))
    three = c.do(com(two, to=c))
    four = d.do(com(three, to=d))
    five = e.close(com(four, to=e))
    return com(five, to=a) + one


WORKERS: dict[str, Callable[..., Any]] = {
    **{f"{role}.do": lambda number: number * 2 + 1 for role in "abcd"},
    "e.close": lambda number: number * 10,
}
ARGUMENTS: list[dict[str, Any]] = [{"start": 1}, {"start": -4}]
