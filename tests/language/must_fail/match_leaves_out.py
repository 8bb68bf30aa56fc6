"""Cases that do not take every value, where a name or a result depends on them: what is left out is named."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Stock


class Size(Enum):
    SMALL = 1
    MIDDLE = 2
    LARGE = 3


@dataclass(frozen=True)
class Card:
    number: int
    size: Size
    kind: Literal["card"] = "card"


@dataclass(frozen=True)
class Cash:
    cents: int
    kind: Literal["cash"] = "cash"


@choreography
def rated(stock: Stock, bank: Bank, means: At[Card | Cash, "stock"]) -> At[int, "bank"]:
    match means:  #! ACC149 no case takes Card(size=Size.MIDDLE), and rated ends without a result
        case Card(number, Size.SMALL | Size.LARGE):
            return bank.rate(com(number, to=bank))
        case Cash(cents):
            return bank.rate(com(cents, to=bank))


@choreography
def match_leaves_out(
    stock: Stock,
    bank: Bank,
    means: At[Card | Cash, "stock"],
    size: At[Size, "stock"],
    fast: At[bool, "stock"],
    way: At[Literal["up", "down"] | None, "stock"],
) -> At[int, "bank"]:
    match size:  #! ACC149 no case takes Size.MIDDLE or Size.LARGE, and weight is not assigned then
        case Size.SMALL:
            weight = 1
        case Size.LARGE if fast:
            weight = 2
    match way:  #! ACC149 no case takes 'down' or None, and height is not assigned then
        case "up":
            height = 3
    match fast, size:  #! ACC149 no case takes (False, Size.SMALL), and price is not assigned then
        case True, _:
            price = 1
        case _, Size.MIDDLE | Size.LARGE:
            price = 2
    rate = rated(stock, bank, means)
    match means:  #! ACC149 no case takes Card(), and match_leaves_out ends without a result
        case Cash(cents):
            return com(cents + weight + height + price, to=bank) + rate
