"""What a com returns is at the role that it names; the value that was sent stays where it was."""

from __future__ import annotations

from accompanist import At, choreography, com, share
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def not_bound(stock: Stock, bank: Bank, order: At[Order, "stock"], cents: At[int, "stock"]) -> At[int, "stock"]:
    com(cents, to=bank)
    return com(bank.rate(cents), to=stock)  #! ACC113 line 11 moves it, and what is at bank now is the value that this com


@choreography
def bound(stock: Stock, bank: Bank, order: At[Order, "stock"], cents: At[int, "stock"]) -> At[int, "stock"]:
    there = com(cents, to=bank)
    rate = bank.rate(cents)  #! ACC113 line 17 moves it
    both = share(cents, to=[bank])
    return com(bank.rate(cents) + rate + both + there, to=stock)  #! ACC113 line 19 moves it


@choreography
def perhaps_moved(stock: Stock, bank: Bank, order: At[Order, "stock"], cents: At[int, "stock"]) -> At[int, "stock"]:
    if cents > 5:
        com(cents, to=bank)
    return com(bank.rate(cents), to=stock)  #! ACC113 bank.rate takes cents at bank, but cents is at stock


@choreography
def assigned_since(stock: Stock, bank: Bank, order: At[Order, "stock"], cents: At[int, "stock"]) -> At[int, "stock"]:
    com(cents, to=bank)
    cents = cents + 1
    return com(bank.rate(cents), to=stock)  #! ACC113 bank.rate takes cents at bank, but cents is at stock


@choreography
def arrived_and_gone(stock: Stock, bank: Bank, order: At[Order, "stock"], cents: At[int, "stock"]) -> At[int, "stock"]:
    there = com(cents, to=bank)
    there = bank.rate(there)
    return com(bank.rate(cents) + there, to=stock)  #! ACC113 bank.rate takes cents at bank, but cents is at stock
