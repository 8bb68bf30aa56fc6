"""Of equal values a set keeps the one that came first; where they are not the same, the order of a set shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock


@dataclass(frozen=True)
class Line:
    product: str
    note: str = field(compare=False)


@dataclass(frozen=True)
class Word:
    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Word) and other.text[:1] == self.text[:1]

    def __hash__(self) -> int:
        return len(self.text[:1])


@dataclass(frozen=True)
class Price:
    amount: Decimal


@pure
def rank(text: str) -> int | float:
    return 1.0 if text == "1.0" else 1


@pure
def first(names: tuple[str, ...]) -> str:
    a = min(Decimal(name) for name in set(names))  #! ACC138 the order of a set shows
    b = sorted({float(name) for name in set(names)})  #! ACC138 the order of a set shows
    c = max(datetime.fromisoformat(name) for name in set(names))  #! ACC138 the order of a set shows
    d = min(rank(name) for name in set(names))  #! ACC138 the order of a set shows
    e = sorted({name == "x" if len(name) < 2 else len(name) for name in set(names)})  #! ACC138 the order of a set shows
    f = {Line(name[:1], name) for name in set(names)}  #! ACC138 the order of a set shows
    g = frozenset(Word(name) for name in set(names))  #! ACC138 the order of a set shows
    h = {Price(Decimal(name)) for name in set(names)}  #! ACC138 the order of a set shows
    k = {a}
    k.update((Decimal(len(name)) for name in set(names)))  #! ACC138 the order of a set shows
    m = max(((Decimal(name), 1) for name in set(names)), default=None)  #! ACC138 the order of a set shows
    n = max([(Decimal(name), 1) for name in set(names)])  #! ACC138 the order of a set shows
    return f"{a} {b} {c} {d} {e} {len(f | k)} {len(g)} {len(h)} {m} {n}"


@choreography
def sets_of_equals(stock: Stock, names: At[tuple[str, ...], "stock"]) -> None:
    a = min(Decimal(name) for name in set(names))  #! ACC138 this goes through a set
    b = sorted({float(name) for name in set(names)})  #! ACC138 this goes through a set
    c = max(datetime.fromisoformat(name) for name in set(names))  #! ACC138 this goes through a set
    d = min(rank(name) for name in set(names))  #! ACC138 this goes through a set
    e = sorted({Line(name[:1], name).note for name in set(names)})
    f = len({Price(Decimal(name)) for name in set(names)} | set())  #! ACC138 this goes through a set
    stock.many(Order(f"{first(names)} {a} {b} {c} {d} {e} {f}", 1))
