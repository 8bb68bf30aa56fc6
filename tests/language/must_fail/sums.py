"""Floats are added otherwise by Python 3.12 and later than by 3.11: `sum` is for what certainly is none."""

from __future__ import annotations

import builtins
import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from accompanist import At, Role, choreography, pure, query

added = sum


@dataclass(frozen=True)
class Rated:
    rates: list[float]
    usual: float = field(default_factory=lambda: sum((0.1, 0.2)))  #! ACC135 sum((0.1, 0.2)) may add floats

    @property
    def rate(self) -> float:
        return sum(self.rates)  #! ACC135 sum(self.rates) may add floats

    @property
    def count(self) -> int:
        return sum(1 for one in self.rates if one)


@pure
def whole(numbers: list[int], rows: list[list[int]], exact: list[Decimal], text: str) -> str:
    sums = [*map(sum, rows), sum(numbers), sum(map(len, rows)), sum(text.encode())]
    rows = sorted(rows, key=lambda row: sum(row))
    return f"{sums} {rows} {sum(exact, Decimal(0))} {sum((row for row in rows), [])} {[sum for sum in sums]}"


@pure
def read(prices: Mapping[str, int], names: list[str], given: list[int] | None) -> int:
    def inner(given: list[int]) -> int:
        return sum(given) + sum(prices.values())

    pairs = zip(names, [1])
    total = sum(prices[name] for name in names) + sum(count for _, count in pairs)
    return total if given is None else total + sum(given) + inner(given)


@pure
def filled(rates: list[float], prices: Mapping[str, float], given: list[float] | None) -> float:
    def inner(pairs: list[float], *more: float) -> float:
        return sum(pairs) + sum(more)  #! ACC135 sum(pairs) may add floats #! ACC135 sum(more) may add

    pairs = [1]
    doubled, later, kept = [], [], {"a": []}
    for rate in rates:
        doubled.append(rate * 2)
    add = later.append
    add(0.5)
    kept["a"].append(0.5)
    first = sum(doubled) + sum(later)  #! ACC135 sum(doubled) may add floats #! ACC135 sum(later) may add floats
    second = sum(kept["a"]) + sum(prices.values())  #! ACC135 sum(kept['a']) may add #! ACC135 sum(prices.values())
    return first + second + sum(pairs) + inner(rates) + sum(given or [])  #! ACC135 sum(given or []) may add floats


@pure
def loose(rates: list[float], rows: list[list[float]], known: Mapping[str, Any], word: list[str]) -> float:
    first = sum(float(one) for one in word)  #! ACC135 sum(float(one) for one in word) may add floats
    second = sum(map(float, word)) + sum([1], 0.5)  #! ACC135 may add floats #! ACC135 sum([1], 0.5) may
    third = sum(known["cents"])  #! ACC135 sum(known['cents']) may add floats
    fourth = max(map(sum, rows))  #! ACC135 sum may add floats
    fifth = max(rows, key=sum)[0]  #! ACC135 sum may add floats
    sixth = added(rates) + builtins.sum(rates)  #! ACC135 sum may add #! ACC135 builtins.sum may add floats
    seventh = statistics.fmean(rates)  #! ACC135 statistics.fmean differs between versions of Python
    word = [one.replace("a", "b", count=1) for one in word]  #! ACC135 takes count by its name from Python 3.13 on
    eighth = math.sumprod(rates, rates)  #! ACC135 math.sumprod differs between versions of Python
    return first + second + third + fourth + fifth + sixth + seventh + eighth + math.fsum(rates)


class Desk(Role):
    @query
    def ask(self, number: float) -> float: ...


@choreography
def add(desk: Desk, rates: At[list[float], "desk"], rated: At[Rated, "desk"], n: At[int, "desk"]) -> At[float, "desk"]:
    whole_numbers = [n] if n else None
    known = {"a": [n]}
    a = sum(rates)  #! ACC135 sum(rates) may add floats
    b = sum(one * 2 for one in rates)  #! ACC135 sum(one * 2 for one in rates) may add floats
    c = sum([n], 0.5)  #! ACC135 sum([n], 0.5) may add floats
    d = math.sumprod(rates, rates)  #! ACC135 math.sumprod() differs between versions of Python
    g = "aa".replace("a", "b", count=n)  #! ACC135 'aa'.replace('a', 'b', count=n) takes count by its name
    e = math.fsum(one for one in rates) + sum([n, 1]) + rated.rate + rated.count + rated.usual
    f = len(whole([n], [[n]], [], "")) + loose(rates, [rates], {}, []) + read({}, [], [n]) + filled(rates, {}, None)
    h = sum(whole_numbers or []) + sum(known.get("a", [])) + sum(one for one in known["a"] or [])
    i = sum(rates or []) + sum(known.get("b", [0.5]))  #! ACC135 sum(rates or []) may #! ACC135 sum(known.get('b', [0.5]))
    return desk.ask(a + b + c + d + e + f + len(g) + h + i)
