"""What crosses has a canonical form."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timezone
from pathlib import Path
from typing import Literal

from accompanist import At, Role, choreography, com, query
from tests.language.must_fail.shop import Bank, Held, Order, Stock


class Plain:
    pass


@dataclass(frozen=True)
class Draft:
    text: str
    tags: set[str] = field(default_factory=set)  #! ACC141 Draft.tags cannot cross: set[str] is a set
    more: dict[str, frozenset[int] | None] = field(default_factory=dict)  #! ACC141 Draft.more cannot cross


@dataclass(frozen=True)
class Empty:
    why: str


@dataclass(frozen=True)
class Kept:
    tags: frozenset[str]


@dataclass(frozen=True)
class Said:
    names: frozenset[str]  #! ACC141 Said.names cannot cross: frozenset[str] is a set, and a set has no order
    kind: Literal["said"] = "said"


class Desk(Role):
    @query
    def tags(self, draft: Draft) -> int: ...

    @query
    def again(self, draft: Draft) -> Draft | Empty: ...  #! ACC141 Draft and Empty cannot be told apart in JSON

    @query
    def names(self, names: set[str]) -> int: ...  #! ACC141 the parameter names cannot cross

    @query
    def plain(self, plain: Plain) -> int: ...  #! ACC141 Plain is not a message type

    @query
    def either(self, one: Order | Held) -> int: ...  #! ACC141 Order and Held cannot be told apart in JSON

    @query
    def where(self, path: Path) -> int: ...  #! ACC141 Path is not a message type

    @query
    def zone(self, zones: list[timezone]) -> int: ...  #! ACC141 timezone is not a message type

    @query
    def anything(self, one: object) -> int: ...  #! ACC141 object is not a message type


@choreography
def not_messages(
    stock: Stock,
    bank: Bank,
    desk: Desk,
    order: At[Order, "stock"],
    names: At[frozenset[str], "stock"],  #! ACC141 is a set, and a set has no order
) -> At[int, "bank"]:
    made = Plain()
    ranged = com(range(3), to=bank)  #! ACC141 iterator[int] is not a message type
    either = order if order.cents else stock.hold(order)  #! ACC133 inside a conditional expression
    held = stock.hold(order)
    kept = Kept(frozenset({order.customer}))
    com(kept, to=desk)  #! ACC141 kept cannot be sent: the field Kept.tags cannot cross
    stock.event("said", Said)
    com(order if held.cents else held, to=desk)
    return bank.rate(com(len([made, either, names]), to=bank))
