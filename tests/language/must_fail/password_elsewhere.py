"""Authentication: the password is at the client, and the service asks for it."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def password_elsewhere(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    com(order.cents, to=bank)
    rate = bank.rate(order.cents)  #! ACC113 bank.rate takes cents at bank, but order.cents is at stock
    return com(rate, to=stock)
