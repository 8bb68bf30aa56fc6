"""After the pivot everything is retriable."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def after(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    held = stock.hold(order)
    number = stock.ship(held)
    there = com(number, to=bank)
    rate = bank.rate(there)  #! ACC151 bank.rate comes after stock.ship of line 12
    if rate > 5:
        bank.abort("dear")  #! ACC151 bank.abort comes after stock.ship of line 12
    return bank.tell(rate)


@choreography
def beside(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "bank"]:
    held = stock.hold(order)
    there = com(held, to=bank)
    stock.ship(held)
    return bank.charge(there)  #! ACC151 bank.charge runs beside stock.ship of line 24
