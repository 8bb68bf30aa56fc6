"""Choreographies that call others, with roles in any order, values in and out, and a choreography as an argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com, share
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Post, Stock


@choreography
def pay(payer: Stock, bank: Bank, order: At[Order, "payer"], grade: At[Grade, "bank"]) -> At[Paid, "bank", "payer"]:
    if order.cents == 0:
        return share(Paid("free", 0), to=[bank, payer])
    held = payer.hold(order)
    return share(bank.charge(com(held, to=bank), grade), to=[payer])


@choreography
def tell(from_: Post, to: Post, text: At[str, "from_"]) -> At[int, "to"]:
    return to.book(com(text, to=to))


@choreography
def forth_and_back(
    a: Post, b: Post, text: At[str, "a"], step: Callable[[Post, Post, At[str, "a"]], At[int, "b"]]
) -> At[int, "a"]:
    there = step(a, b, text)
    return step(b, a, str(there))


@choreography
def called(stock: Stock, bank: Bank, north: Post, south: Post, order: At[Order, "stock"]) -> At[str, "stock"]:
    grade = bank.grade(com(order.customer, to=bank))
    paid = pay(stock, bank, order, grade)
    twice = pay(payer=stock, bank=bank, order=Order("x", paid.cents), grade=Grade.PLAIN)
    number = com(paid.number, to=north)
    slots = forth_and_back(north, south, number, tell)
    back = forth_and_back(b=north, a=south, text=com(str(slots), to=south), step=tell)
    tell(south, north, str(back))
    return f"{twice.number} {com(slots, to=stock)}"


WORKERS: dict[str, Callable[..., Any]] = {
    "bank.grade": lambda customer: Grade.GOLD,
    "stock.hold": lambda order: Held(order.customer, order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents // 2),
    "north.book": lambda parcel: len(parcel),
    "south.book": lambda parcel: len(parcel) * 7,
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", cents)} for cents in (0, 1, 9)]
