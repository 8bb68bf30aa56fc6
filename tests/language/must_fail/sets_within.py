"""Sets that are fields of messages, or parts of other values."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock


@dataclass(frozen=True)
class Basket:
    tags: frozenset[str]
    words: tuple[str, ...]
    maybe: frozenset[str] | None = None

    @property
    def spelt(self) -> str:
        return ",".join(self.tags)  #! ACC138 the order of a set shows

    @pure
    def first(self) -> str:
        return next(iter(self.tags))  #! ACC138 the order of a set shows


@dataclass(frozen=True)
class Shown:
    tags: frozenset[str]

    def __repr__(self) -> str:
        return ",".join(sorted(self.tags))


@pure
def fields(basket: Basket, other) -> str:  # type: ignore[no-untyped-def]
    for tag in basket.tags:  #! ACC138 the order of a set shows
        return tag
    some = [tag for tag in basket.maybe or ()]  #! ACC138 the order of a set shows
    text = "%s" % basket  #! ACC138 the order of a set shows
    text += f"{basket}"  #! ACC138 the order of a set shows
    text += "{}".format(basket.tags)  #! ACC138 the order of a set shows
    return text + str(some) + str(list(other.tags))  #! ACC138 the order of a set shows


@pure
def parts(pairs: list[set[str]], by_name: dict[str, set[str]]) -> str:
    first = ",".join(pairs[0])  #! ACC138 the order of a set shows
    first += ",".join(by_name["x"])  #! ACC138 the order of a set shows
    first += ",".join(by_name.get("x", set()))  #! ACC138 the order of a set shows
    for _, names in by_name.items():
        first += ",".join(names)  #! ACC138 the order of a set shows
    return first + str(pairs)  #! ACC138 the order of a set shows


@pure
def whatever(x) -> str:  # type: ignore[no-untyped-def]
    return str(x)


@pure
def fine(basket: Basket, by_name: dict[str, set[str]], maybe: frozenset[str] | None) -> int:
    groups = defaultdict(set)
    for word in basket.words:
        groups[word[:1]].add(word)
    text = ",".join(sorted(basket.tags)) + max(basket.tags, default="") + str(basket.words) + str(Shown(basket.tags))
    for name in by_name:
        text += name + str(len(by_name[name])) + str(sorted(by_name[name])) + f"{len(groups[name])}"
    return len(text) + len(basket.tags) + ("x" in basket.tags) + (basket.tags == maybe) + len(maybe or ())


@choreography
def sets_within(stock: Stock, names: At[tuple[str, ...], "stock"]) -> At[str, "stock"]:
    basket = Basket(frozenset(names), names)
    a = str(basket)  #! ACC138 this goes through a set
    b = f"{basket}"  #! ACC138 this goes through a set
    c = "%s" % (basket,)  #! ACC138 this goes through a set
    d = [*(basket.maybe or [])]  #! ACC138 this goes through a set
    e = whatever([basket])  #! ACC138 this goes through a set
    f = str(Shown(basket.tags)) + str(fine(basket, {"x": {"y"}}, None)) + basket.spelt + basket.first()
    stock.many(Order(a + b + c + e + f, len(d)))
    return fields(basket, basket.words) + parts([set(names)], {})
