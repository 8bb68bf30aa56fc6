"""Definitions that Python would refuse at import, or take to be something else than what stands there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

from accompanist import At, Role, choreography, com, pure, query


@dataclass(frozen=True)
class Line:
    number: int
    price: int
    number: str  #! ACC168 Line has number twice


@dataclass(frozen=True)
class Total:
    cents: int

    def cents(self) -> int:  #! ACC168 Total has cents twice
        return 1


class Empty(Enum):  #! ACC168 Empty has no member
    """No member."""


class Twice(Enum):
    RED = "red"
    BLUE = "blue"
    RED = "dark red"  #! ACC168 Twice has the member RED twice


class Odd(Enum):
    HALF = 0.5  #! ACC168 a member of Odd stands for 0.5


class Mixed(Enum):
    ONE = 1  #! ACC168 stand for texts and for integers
    TWO = "two"


class Level(IntEnum):
    LOW = -1
    HIGH = +1


@dataclass(frozen=True)
class Below(Above):  #! ACC168 Below derives from Above, which is defined below it
    number: int


@dataclass(frozen=True)
class Above:
    text: str


class Desk(Role):  # the first of two
    @query
    def ask(self, line: Line) -> int: ...


class Clerk(Role):
    @query
    def note(self, total: Total, empty: Empty, twice: Twice, odd: Odd, mixed: Mixed, level: Level) -> Below: ...


class Desk(Role):  #! ACC168 Desk is defined in line 60, too
    @query
    def ask(self, line: str, more: int) -> int: ...


@choreography
def definitions(desk: Desk, clerk: Clerk, line: At[Line, "desk"]) -> At[int, "clerk"]:
    return clerk.note(com(desk.ask(line), to=clerk))
