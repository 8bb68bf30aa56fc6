"""Single sign-on with retry: what cannot be undone is tried again."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def retry_that_ships(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    held = stock.hold(order)
    done = com(bank.rate(com(1, to=bank) + com(order.cents, to=bank)), to=stock)
    while done < 5:
        done = stock.ship(held)  #! ACC158 stock.ship cannot be undone
    return done
