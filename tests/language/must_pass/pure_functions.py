"""Pure functions and constants of the file, called at the role that owns their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com, pure
from tests.language.must_pass.shop import Bank, Grade, Held, Order, Paid, Stock, discounted

FREE_CENTS = 20
GREETING = "for "


@pure
def label(order: Order) -> str:
    return GREETING + order.customer.strip().title()


@choreography
def pure_functions(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[str, "bank"]:
    held = stock.hold(order)
    grade = bank.grade(com(label(order), to=bank))
    cents = com(max(held.cents - FREE_CENTS, 0), to=bank)
    price = discounted(cents, grade)
    paid = bank.charge(Held(number=com(held.number, to=bank), cents=price), grade)
    return f"{paid.number}: {paid.cents:06d} cents{'!' if price > 100 else ''}"


WORKERS: dict[str, Callable[..., Any]] = {
    "stock.hold": lambda order: Held("h1", order.cents),
    "bank.grade": lambda customer: Grade.GOLD if customer == "for Ann" else Grade.PLAIN,
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
}
ARGUMENTS: list[dict[str, Any]] = [{"order": Order(" ann ", 1000)}, {"order": Order("bob", 10)}]
