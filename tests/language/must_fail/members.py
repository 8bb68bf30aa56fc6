"""A member of an enum crosses as what it stands for: texts, or integers. It is one name with one value on its line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum, auto

from accompanist import At, Role, choreography, query, transaction

HALF = Decimal("0.5")
ONE = "one"


class Rate(Enum):
    LOW = Decimal("0.05")
    HIGH = HALF


class Span(Enum):
    DAY = timedelta(days=1)


class Weight(float, Enum):
    KILO = 1


class Size(Enum):
    SMALL = 1 << 0
    HUGE = 2**70


class Code(Enum):
    NONE = "\0"


class Number(IntEnum):
    ONE = ONE


class Letters(Enum):
    def _generate_next_value_(name, start, count, last):  # noqa: N805
        return count / 2

    A = auto()


class Several(Enum):
    A, B = 1, 2  #! ACC168 the members of Several are not each on a line of their own
    C = 3


class Typed(Enum):
    A: int = 1  #! ACC168 A is a member of Typed in Python, and has a type beside it
    B = 2


class Nested(Enum):
    A = 1

    class B:  #! ACC168 B may be a member of Nested
        pass


class Mixed(Enum):
    A = "a"
    B = auto()  #! ACC168 the members of Mixed stand for texts and for integers


class Fine(StrEnum):
    A = auto()
    B = ONE
    C = ONE + "s"
    D = ONE.upper()


class Local(Enum):
    """It crosses nowhere, and may stand for anything."""

    A = Decimal("0.5")


@dataclass(frozen=True)
class Priced:
    rate: Rate
    fine: Fine


class Desk(Role):
    @query
    def priced(self) -> Priced: ...  #! ACC141 Rate.LOW stands for Decimal('0.05'), and only texts and integers
    @query
    def span(self) -> Span: ...  #! ACC141 Span.DAY stands for timedelta(days=1), and only texts and integers
    @query
    def weight(self) -> list[Weight]: ...  #! ACC141 the members of Weight are made by float
    @query
    def size(self) -> Size: ...  #! ACC141 Size.HUGE stands for 2 ** 70
    @query
    def code(self) -> Code: ...  #! ACC141 Code.NONE stands for a text with the character U+0000
    @query
    def number(self) -> Number: ...  #! ACC141 Number.ONE stands for ONE, and its members are of type int
    @query
    def letters(self) -> Letters: ...  #! ACC141 Letters.A stands for auto()
    @query
    def odd(self, several: Several, typed: Typed, nested: Nested, mixed: Mixed) -> Fine: ...
    @transaction
    def put(self, cents: Decimal) -> None: ...


@choreography
def members(desk: Desk, cents: At[Decimal, "desk"]) -> None:
    desk.put(cents + Local.A.value)
