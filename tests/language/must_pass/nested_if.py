"""Branches in branches, on guards of different roles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Stock


@choreography
def nested_if(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[str, "stock"]:
    held = stock.hold(order)
    if held.cents > 500:
        grade = bank.grade(com(order.customer, to=bank))
        if grade == Grade.GOLD:
            paid = bank.charge(com(held, to=bank), grade)
            note = com(f"gold {paid.cents}", to=stock)
        else:
            note = "waiting"
    else:
        paid = bank.charge(com(held, to=bank), Grade.PLAIN)
        note = com(paid.number, to=stock)
    return note + "!"


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.grade": lambda customer: Grade.GOLD if customer == "ann" else Grade.PLAIN,
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order(name, cents)} for name in ("ann", "bob") for cents in (100, 900)]
