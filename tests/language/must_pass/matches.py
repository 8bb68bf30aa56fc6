"""match on enums, literals and message classes; a guard stands at the subject's owners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com, share
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Stock


@choreography
def matches(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[str, "stock"]:
    known = share(bank.grade(com(order.customer, to=bank)), to=[stock])
    match known:
        case Grade.GOLD:
            held = stock.hold(order)
        case Grade.PLAIN if order.cents < 5:
            held = Held("gift", 0)
        case _:
            held = stock.hold(Order(order.customer, order.cents * 2))
    match order:
        case Order("ann" | "zoe" as name, cents):
            text = f"{name} {cents}"
        case Order(cents=0):
            text = "nothing"
        case Order(customer=other) if len(other) > 3:
            paid = bank.charge(com(held, to=bank), Grade.PLAIN)
            text = com(paid.number, to=stock)
        case _:
            text = held.number
    pair = (order.cents, text)
    match pair:
        case (2, word):
            return word + "!"
        case _:
            pass
    return text


WORKERS: dict[str, Callable[..., Any]] = {
    "bank.grade": lambda customer: Grade.GOLD if customer[0] == "z" else Grade.PLAIN,
    "stock.hold": lambda order: Held(order.customer, order.cents),
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
}
ARGUMENTS: list[dict[str, Any]] = [
    {"order": Order(customer, cents)}
    for customer, cents in [("ann", 9), ("zoe", 2), ("bob", 0), ("carla", 7), ("carla", 2), ("bob", 3), ("bob", 30)]
]
