"""Generic messages, msgspec Structs, optional and literal fields: each has a type that its receiver decodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Literal, Optional, TypeVar

import msgspec

from accompanist import At, Role, choreography, com, query

T = TypeVar("T")


@dataclass(frozen=True)
class Box(Generic[T]):
    inside: T
    tag: Literal["a", "b"] = "a"


class Point(msgspec.Struct, frozen=True):
    x: int
    y: int = 0


class Desk(Role):
    @query
    def boxes(self, n: int) -> list[Box[Point]]: ...

    @query
    def maybe(self, n: int) -> Optional[Point]: ...  # noqa: UP045

    @query
    def table(self, n: int) -> dict[str, tuple[int, ...]]: ...


@choreography
def generics(a: Desk, b: Desk, n: At[int, "a"]) -> At[str, "b"]:
    first = com(a.boxes(n)[0].inside, to=b)
    made = com(Box(n, tag="b"), to=b)
    point = com(a.maybe(n), to=b)
    row = com(sorted(a.table(n)["x"], key=lambda number: -number), to=b)
    x = point.x if point is not None else 0
    return f"{first.y} {made.inside} {made.tag} {x} {row}"


WORKERS: dict[str, Callable[..., Any]] = {
    "a.boxes": lambda n: [Box(Point(n, n + 1))],
    "a.maybe": lambda n: Point(n) if n > 1 else None,
    "a.table": lambda n: {"x": (1, n, 2)},
}
ARGUMENTS: list[dict[str, Any]] = [{"n": 1}, {"n": 5}]
