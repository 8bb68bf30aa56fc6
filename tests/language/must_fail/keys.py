"""What cannot be the key of a dict, because in JSON a key is a text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum
from uuid import UUID

from accompanist import At, Role, choreography, query


class Color(Enum):
    RED = "red"


@dataclass(frozen=True)
class Point:
    x: int


@dataclass(frozen=True)
class Held:
    points: dict[Point, int]


class Desk(Role):
    @query
    def told(self, held: Held) -> int: ...  #! ACC141 Held.points cannot cross: Point cannot be the key of a dict

    @query
    def flagged(self, flags: dict[bool, int]) -> int: ...  #! ACC141 bool cannot be the key of a dict

    @query
    def either(self, either: dict[int | str, int]) -> int: ...  #! ACC141 the keys of one dict are of one type

    @query
    def maybe(self, maybe: dict[str | None, int]) -> int: ...  #! ACC141 the keys of one dict are of one type

    @query
    def good(self, a: dict[Color, int], b: dict[date, int], c: dict[UUID, int], d: dict[int, int]) -> int: ...


@choreography
def keys(
    desk: Desk,
    grid: At[dict[tuple[int, int], int], "desk"],  #! ACC141 tuple[int, int] cannot be the key of a dict
    both: At[int, "desk", "desk"],  #! ACC119 desk stands here twice
) -> At[int, "desk"]:
    return both
