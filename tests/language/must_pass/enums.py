"""Enums as values, in comparisons, as constants of the file, from another module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com
from tests.language.must_pass import shop
from tests.language.must_pass.shop import Grade, Held, Order, Paid

DEFAULT = Grade.PLAIN


@choreography
def enums(stock: shop.Stock, bank: shop.Bank, order: At[shop.Order, "stock"]) -> At[str, "bank"]:
    held = com(stock.hold(order), to=bank)
    grade = bank.grade(com(order.customer, to=bank))
    if grade is shop.Grade.GOLD:
        paid = bank.charge(held, grade)
    else:
        paid = bank.charge(held, DEFAULT)
    return paid.number + (Grade.GOLD.value if grade == Grade.GOLD else DEFAULT.value)


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.grade": lambda customer: Grade.GOLD if customer == "ann" else Grade.PLAIN,
    "bank.charge": lambda held, grade: Paid(grade.value, held.cents),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order("ann", 1)}, {"order": Order("bob", 1)}]
