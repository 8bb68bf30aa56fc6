"""Cases that take every value need no last case for what is left: members, truths, literals, parts of a union, and
these inside one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from accompanist import At, Role, choreography, com, query


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


@dataclass(frozen=True)
class Card:
    number: int
    size: Size
    kind: Literal["card"] = "card"


@dataclass(frozen=True)
class Cash:
    cents: int
    kind: Literal["cash"] = "cash"


Means = Card | Cash


class Till(Role):
    @query
    def rate(self, number: int) -> int: ...


@choreography
def paid(a: Till, b: Till, means: At[Means, "a"]) -> At[int, "b"]:
    match means:
        case Card(number, size):
            match size:
                case Size.LARGE:
                    return b.rate(com(number, to=b))
                case Size.SMALL:
                    return b.rate(com(means.number, to=b)) + 1
        case Cash(cents):
            return b.rate(com(cents, to=b)) + 2


@choreography
def every_case(
    a: Till,
    b: Till,
    means: At[Means, "a"],
    size: At[Size, "a"],
    fast: At[bool, "a"],
    way: At[Literal["up", "down"] | None, "a"],
    other: At[int | str, "a"],
) -> At[int, "b"]:
    match size:
        case Size.SMALL:
            first = a.rate(1)
        case Size.LARGE:
            first = 2
    match fast, way:
        case True, "up" | "down":
            second = 10
        case _, None:
            second = 20
        case False, "up":
            second = 30
        case False, "down":
            second = 40
    match other:
        case int():
            third = com(other * 100, to=b)
        case str(text):
            third = com(len(text) * 100, to=b)
    fourth = paid(a, b, means)
    total = com(first + second, to=b) + third + fourth
    match fast:
        case True:
            return b.rate(total)
        case False:
            return total


WORKERS: dict[str, Callable[..., Any]] = {"a.rate": lambda number: number + 3, "b.rate": lambda number: number + 5}
ARGUMENTS: list[dict[str, Any]] = [
    {"means": means, "size": size, "fast": fast, "way": way, "other": other}
    for means, size, fast, way, other in (
        (Card(1, Size.LARGE), Size.SMALL, True, "up", 3),
        (Card(1, Size.SMALL), Size.LARGE, True, "down", 4),
        (Cash(5), Size.LARGE, False, "up", "ab"),
        (Cash(6), Size.SMALL, False, "down", "abc"),
        (Cash(7), Size.SMALL, False, None, 5),
        (Cash(8), Size.SMALL, True, None, 6),
    )
]
