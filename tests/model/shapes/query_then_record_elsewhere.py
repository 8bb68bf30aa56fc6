"""The same with a transaction of another role before it."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, query, transaction


class Bank(Role):
    @transaction
    def pay(self, n: int) -> int: ...
    @pay.compensation
    def refund(self, n: int) -> None: ...


class Shop(Role):
    @query
    def price(self, n: int) -> int: ...
    @transaction(retriable=True)
    def announce(self, n: int) -> int: ...


@choreography
def sale(bank: Bank, shop: Shop, n: At[int, "bank"]) -> At[int, "bank"]:
    paid = com(bank.pay(n), to=shop)
    m = shop.price(paid)
    return com(shop.announce(m), to=bank)
