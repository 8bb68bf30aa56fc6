"""The example of docs/language/README.md: a query, an early end that the bank is told of, a charge, and the pivot."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, transaction


class Shop(Role):
    @transaction  # without a compensation: the pivot
    def ship(self, order: str, paid: int) -> str: ...


class Bank(Role):
    @query
    def credit(self, order: str) -> int: ...

    @transaction
    def charge(self, order: str) -> int: ...

    @charge.compensation
    def refund(self, order: str) -> None: ...


@choreography
def sell(shop: Shop, bank: Bank, order: At[str, "shop"]) -> At[str, "shop"]:
    credit = com(bank.credit(com(order, to=bank)), to=shop)
    if credit < 100:
        return "no credit"
    paid = com(bank.charge(com(order, to=bank)), to=shop)
    return shop.ship(order, paid)


WORKERS: dict[str, Callable[..., Any]] = {
    "shop.ship": lambda order, paid: f"{order} for {paid}",
    "bank.credit": lambda order: 500 if order == "kettle" else 5,
    "bank.charge": lambda order: 30,
}
ARGUMENTS: list[dict[str, Any]] = [{"order": "kettle"}, {"order": "grinder"}]
