"""Two values of two roles in one line are two lines: nobody has to tell the other one what is only written beside it."""

from __future__ import annotations

from accompanist import At, Secret, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def two_in_one_line(
    stock: Stock, bank: Bank, order: At[Order, "stock"], cents: At[int, "stock"], card: At[Secret[int], "stock"]
) -> At[int, "stock"]:
    there = com(cents, to=bank)
    held, rate = stock.hold(order), bank.rate(there)  #! ACC112 no role owns stock.hold(order) and bank.rate(there) together
    both = card + there  #! ACC112 no role owns card and there together
    half = bank.rate(card)  #! ACC113 but card is at stock
    return held.cents + com(rate, to=stock) + both + com(half, to=stock)
