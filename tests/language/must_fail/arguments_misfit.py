"""Calls whose arguments do not fit raise each time, in a choreography and in a @pure function."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import ClassVar, NamedTuple

import msgspec

from accompanist import At, Role, attempt, choreography, pure, query, transaction


@dataclass(frozen=True)
class Named:
    name: str
    LARGE: ClassVar[int] = 100


@dataclass(frozen=True)
class Line(Named):
    count: int = 1
    cents: int = field(default=0, kw_only=True)
    made: int = field(default=1, init=False)


@dataclass(frozen=True)
class Counted:
    name: str
    count: int = field(init=False)
    of: InitVar[int]

    def __post_init__(self, of: int) -> None:
        object.__setattr__(self, "count", of + 1)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    cents: int = msgspec.field(default=0)


class Pair(NamedTuple):
    first: int
    second: int = 0


class Desk(Role):
    @query
    def line(self, number: int) -> Line: ...
    @transaction
    def put(self, text: str) -> None: ...


@pure
def plus(one: int, other: int = 0, *, most: int = 100) -> int:
    return min(one + other, most)


@pure
@cache
def kept(number: int) -> int:
    return plus(number, most=number) + kept()  #! ACC184 number is missing


@pure
def written(line: Line, row: Row, number: int) -> int:
    one = plus()  #! ACC184 plus cannot be called like this: one is missing
    one += plus(1, 2, 3)  #! ACC184 it takes 2 values without a name, and 3 are given
    pair = Pair()  #! ACC184 first is missing
    pair = Pair(1, 2) if number else Pair(second=1, first=number)
    made = Row("a")  #! ACC184 it takes no value without a name, and 1 is given
    counted = Counted("a", of=number)
    counted = Counted("a")  #! ACC184 of is missing
    line = replace(line, count=2)
    other = replace(row, cents=2)  #! ACC184 replace takes a dataclass, and Row is a Struct
    try:
        cents = Decimal("x") + Decimal(f"{number}")
    except ArithmeticError:
        cents = Decimal(number, 1, 2)  #! ACC184 it takes 2 values without a name, and 3 are given
    return one + pair.first + made.cents + counted.count + line.count + int(cents) + other.cents + max(number, *[1])


@pure
def changed(line: Line, number: int) -> Line:
    if number:
        return replace(line, price=2)  #! ACC184 replace cannot give Line a field price
    return replace(line, made=2)  #! ACC184 replace cannot give Line a field made


@choreography
def arguments_misfit(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    line = desk.line(number)
    first = Line("a", 2, cents=3)
    second = Line()  #! ACC184 Line cannot be called like this: name is missing
    third = Line("a", 2, 3)  #! ACC184 it takes 2 values without a name, and 3 are given
    fourth = Line("a", name="b")  #! ACC184 name is given twice
    fifth = Line("a", price=2)  #! ACC184 it has no price
    sixth = Line("a", made=2)  #! ACC184 it has no made
    seventh = replace(line, made=2)  #! ACC184 replace cannot give Line a field made
    eighth = replace(line, price=2)  #! ACC143 Line has no field price
    ninth = replace(line, count=2, cents=number)
    row = Row(nome="a")  #! ACC184 it has no nome
    most = max(number, 1, default=0)  #! ACC184 Python takes no default for it
    least = min((number, 1), default=0) + max(number, 1, key=lambda one: -one)
    ordered = sorted([number], cmp=2)  #! ACC184 it has no cmp
    rounded = round(2.5, digits=2) + round(2.5, ndigits=1)  #! ACC184 it has no digits
    total = sum([number], start=2) + plus(number, other=2, most=9)
    total += plus(number, least=2)  #! ACC184 plus cannot be called like this: it has no least
    day = date(2024, 2, 30)  #! ACC184 date(2024, 2, 30) raises ValueError
    when = datetime(2024, 2, 29, tzinfo=UTC) + timedelta(days=10**10)  #! ACC184 raises OverflowError
    cents = Decimal("x")  #! ACC184 raises InvalidOperation
    right = Decimal("1.50") + Decimal(2)
    tried = attempt(Decimal("x"))
    pairs = [plus() for one in (1, 2)]  #! ACC184 one is missing
    desk.put(f"{first} {second} {third} {fourth} {fifth} {sixth} {seventh} {eighth} {ninth} {row} {tried.ok} {pairs}")
    desk.put(f"{most} {least} {ordered} {rounded} {total} {day} {when} {cents} {right}")
    return written(line, row, number) + kept(number) + changed(line, number).count
