"""@pure functions in which the order of a set shows, also of one that has come from elsewhere."""

from __future__ import annotations

import math
from collections import Counter
from datetime import UTC, datetime

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock


@pure
def names(text: str) -> set[str]:
    return set(text.split())


@pure
def joined(text: str, known: frozenset[str]) -> str:
    given = names(text)
    first, *_ = given  #! ACC138 the order of a set shows
    both = given | known
    for name in names(text):  #! ACC138 the order of a set shows
        first = first + name
    ties = sorted(both, key=len)  #! ACC138 the order of a set shows
    most = Counter(given - known)  #! ACC138 the order of a set shows
    keys = dict.fromkeys(both)  #! ACC138 the order of a set shows
    total = math.fsum({0.1, 0.2, 0.3})  #! ACC138 the order of a set shows
    return first + ties[0] + "".join(known) + str(most) + str(keys) + str(total)  #! ACC138 the order of a set shows


@pure
def fine(text: str) -> int:
    given = names(text)
    return len(given) + ("x" in given) + len(sorted(given)) + len(max(given | {"y"})) + any(given)


@pure
def nothing() -> frozenset[str]:
    return frozenset()


@pure
def local_time(seconds: float) -> str:
    here = datetime.fromtimestamp(seconds)  #! ACC135 reads the machine's time zone
    there = datetime.fromtimestamp(seconds, UTC)
    return str(here) + str(there.astimezone())  #! ACC135 reads the machine's time zone


@pure
def whatever(x) -> str:  # type: ignore[no-untyped-def]
    return str(x)


@choreography
def order_of_sets(stock: Stock, text: At[str, "stock"], by_name: At[dict[str, int], "stock"]) -> At[str, "stock"]:
    parts = text.split()
    a = str(by_name.keys() & {"x", "y"})  #! ACC138 this goes through a set
    b = list(set(parts) if len(parts) > 1 else parts)  #! ACC138 this goes through a set
    c = str((set(parts), 1))  #! ACC138 this goes through a set
    d = whatever(set(parts))  #! ACC138 this goes through a set
    stock.many(Order(a + c + d + str(b), len(names(text) | set(parts))))
    return joined(text, nothing()) + str(fine(text)) + local_time(1.0)
