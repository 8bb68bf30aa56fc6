"""What is no constant, each with what to write; and records that have no names in JSON."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple, TypedDict

from accompanist import At, Role, choreography, com, pure, query


@dataclass
class Loose:
    number: int


class Pair(NamedTuple):
    one: int


class Box(TypedDict):
    one: int


NAMES = ["ann", "bob"]
NAMES.append("cid")
KNOWN = {"ann"}
LOOSE = Loose(1)
TWICE = 1
TWICE = 2
HOME = os.getcwd()
WRONG = Decimal("one")
LATE = timedelta(ages=1)
TABLE = {"a": {1}}


@pure
def listed(number: int) -> int:
    return number + LOOSE.number  #! ACC137 LOOSE can change


class Desk(Role):
    @query
    def ask(self, pair: Pair) -> int: ...  #! ACC141 Pair is a NamedTuple

    @query
    def tell(self, box: Box) -> int: ...  #! ACC141 Box is a TypedDict


@choreography
def constants(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    a = len(NAMES)  #! ACC137 NAMES is not a constant
    b = number in KNOWN  #! ACC137 KNOWN is not a constant
    c = LOOSE.number  #! ACC137 LOOSE is not a constant
    d = TWICE  #! ACC137 TWICE is not a constant
    e = HOME  #! ACC137 HOME is not a constant
    f = WRONG  #! ACC137 WRONG is not a constant
    g = LATE  #! ACC137 LATE is not a constant
    h = TABLE  #! ACC137 TABLE is not a constant
    return listed(number) + a + b + c + d + e + f + g + h
