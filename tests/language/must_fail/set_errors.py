"""Which error comes first out of a loop over a set depends on its order. That shows wherever the error is caught, in
another function too."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from accompanist import At, attempt, choreography, pure
from tests.language.must_fail.shop import Order, Stock


@pure
def total(names: tuple[str, ...]) -> int:
    prices = [1, 2]
    return sum(prices[int(name)] for name in set(names))


@pure
def number(names: tuple[str, ...]) -> int:
    return sum(int(name) for name in set(names))


@pure
def above(names: tuple[str, ...]) -> int:
    return 1 + total(names)


same = total
lazily = lambda names: total(names)  # noqa: E731


class Prices:
    @staticmethod
    @pure
    def of(names: tuple[str, ...]) -> int:
        return total(names)


@pure
def renamed(names: tuple[str, ...]) -> str:
    try:
        one = same(names)  #! ACC138 which error total raises first depends
        two = lazily(names)  #! ACC138 which error total raises first depends
        return f"{one} {two} {Prices.of(names)}"  #! ACC138 which error total raises first depends
    except ValueError as error:
        return str(error)


@dataclass(frozen=True)
class Bag:
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        if total(self.names) > 5:
            raise ValueError("too many")

    @property
    def count(self) -> int:
        return total(self.names)

    def __str__(self) -> str:
        return str(total(self.names))


@pure
def text(names: tuple[str, ...]) -> str:
    try:
        return str(number(names))  #! ACC138 which error number raises first depends
    except ValueError as error:
        return str(error)


@pure
def kind(names: tuple[str, ...], bag: Bag) -> str:
    try:
        one = above(names)  #! ACC138 which error total raises first depends
        two = list(map(total, [names]))  #! ACC138 which error total raises first depends
        three = bag.count  #! ACC138 which error total raises first depends
        four = Bag(names).names  #! ACC138 which error total raises first depends
        return f"{one} {two} {three} {four}"
    except ValueError:
        return "no number"
    except IndexError:
        return "no price"


@pure
def shown(bag: Bag) -> str:
    try:
        return str(bag)  #! ACC138 which error total raises first depends
    except ValueError:
        return "no number"


@pure
def later(names: tuple[str, ...]) -> int:
    lazy = map(total, [names])  #! ACC138 which error total raises first depends
    own = lambda: sum(int(name) for name in set(names))  # noqa: E731  #! ACC138 the order of a set shows
    try:
        return sum(lazy) + own()
    except ValueError as error:
        return len(str(error))


@pure
def suppressed(names: tuple[str, ...]) -> int:
    with suppress(ValueError):
        return total(names)  #! ACC138 which error total raises first depends
    return 0


@pure
def run(function: Callable[[tuple[str, ...]], int], names: tuple[str, ...]) -> str:
    try:
        return str(function(names))
    except ValueError as error:
        return str(error)


@pure
def handed(names: tuple[str, ...]) -> str:
    return run(total, names)  #! ACC138 which error total raises first depends


@choreography
def errors(stock: Stock, names: At[tuple[str, ...], "stock"], bag: At[Bag, "stock"]) -> None:
    said = f"{text(names)} {kind(names, bag)} {shown(bag)} {later(names)} {suppressed(names)} {handed(names)}"
    said += renamed(names)
    tried = attempt(above(names))  #! ACC138 which error total raises first depends
    made = attempt(Bag(names))  #! ACC138 which error total raises first depends
    held = attempt(bag.count)  #! ACC138 which error total raises first depends
    stock.many(Order(f"{said} {tried.reason} {made.ok} {held.ok}", 1))
