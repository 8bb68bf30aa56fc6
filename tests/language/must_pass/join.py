"""A name that both sides assign belongs, after the branch, to the roles that know it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Stock


@choreography
def join(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    held = com(stock.hold(order), to=bank)
    if order.cents > 500:
        grade = bank.grade(com(order.customer, to=bank))
        bonus = 10
    else:
        grade = Grade.PLAIN
        bonus = 1
    paid = bank.charge(held, grade)
    return paid.cents + bonus


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.grade": lambda customer: Grade.GOLD,
    "bank.charge": lambda held, grade: Paid(grade.value, held.cents),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 100)}, {"order": Order("bob", 900)}]
