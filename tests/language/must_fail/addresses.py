"""Texts that show where an object lies in memory, and hashes, which differ between processes."""

from __future__ import annotations

from dataclasses import dataclass

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Order, Stock


class Cart:
    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names

    def shown(self) -> str:
        return f"{self}"  #! ACC135 the text of self shows


@dataclass(frozen=True)
class Box:
    cart: Cart
    count: int = 0


@dataclass(frozen=True)
class Note:
    of: object
    count: int = 0


@dataclass(frozen=True)
class Label:
    text: str

    def long(self) -> bool:
        return len(self.text) > 3


h2 = hash


@pure
def objects(names: tuple[str, ...]) -> str:
    cart = Cart(names)
    a = f"{cart}: {len(cart.names)}"  #! ACC135 the text of cart shows
    a += str([Cart(names)]) + repr(Box(cart))  #! ACC135 the text of Cart(names) shows #! ACC135 the text of Box(cart)
    a += "{} %s".format(cart) % cart  #! ACC135 the text of cart shows
    if not names:
        raise ValueError(cart)  #! ACC135 the text of cart shows
    return a + cart.shown() + ",".join(map(str, [cart]))  #! ACC135 the text of [cart] shows


@pure
def lazy(names: tuple[str, ...], label: Label) -> str:
    upper = map(str.upper, names)
    a = f"{upper}"  #! ACC135 the text of upper shows
    a += f"{zip(names, names)}" + repr(iter(names))  #! ACC135 the text of zip #! ACC135 the text of iter
    a += str(name for name in names)  #! ACC135 the text of (name for name in names) shows
    short = lambda: 1  # noqa: E731
    a += f"{short} {label.long}"  #! ACC135 the text of short #! ACC135 the text of label.long
    a += f"{lazy} {names.index}"  #! ACC135 the text of lazy #! ACC135 the text of names.index
    return a + ", ".join(str(one) for one in [map(str, names)])  #! ACC135 the text of one shows


@pure
def notes(names: tuple[str, ...]) -> str:
    a = f"{Note(Cart(names))}"  #! ACC135 the text of Cart(names) shows
    noted = Note(count=1, of=[map(str, names)])  #! ACC135 the text of map(str, names) shows
    keyed = Note({"a": object()})  #! ACC135 the text of object() shows
    return f"{a} {noted} {keyed} {Note(names, 1)} {Note(Label('a'))}"


@pure
def made(name: str) -> object:
    return Cart((name,))


@pure
def keys(names: tuple[str, ...], stock: dict[Cart, int]) -> str:
    a = str(names.__iter__()) + str(made("x"))  #! ACC135 the text of names.__iter__() #! ACC135 the text of made("x")
    try:
        return f"{a} {stock[Cart(names)]}"  #! ACC135 the text of Cart(names) shows
    except KeyError as error:
        return str(error)


@pure
def hashes(names: tuple[str, ...]) -> list[int]:
    first = [name.__hash__() for name in names]  #! ACC135 differs between processes
    return [*first, *map(str.__hash__, names), *map(h2, names)]  #! ACC135 str.__hash__ differs #! ACC135 hash differs


@choreography
def addresses(stock: Stock, names: At[tuple[str, ...], "stock"]) -> None:
    a = notes(names) + objects(names) + lazy(names, Label("x")) + f"{hashes(names)}"
    b = f"{zip(names, names)}"  #! ACC135 the text of zip(names, names) shows
    b += keys(names, {}) + str(made("x"))  #! ACC135 the text of made("x") shows
    c = str(enumerate(names))  #! ACC135 the text of enumerate(names) shows
    stock.many(Order(a + b + c, 1))
