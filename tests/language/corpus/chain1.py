"""A chain of 1: each link adds its own and hands the sum on."""

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
