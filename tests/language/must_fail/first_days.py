"""What is written in the first days, and what is said to write instead of it."""

from __future__ import annotations

from datetime import date

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def first_days(stock: Stock, bank: Bank, order: At[Order, "stock"], names: At[list[str], "stock"]) -> None:
    totals: dict[str, int] = {}
    for name in names:
        totals[name] = totals.get(name, 0) + 1  #! ACC130 totals[name] would be changed in place
    counts = {"a": 1}
    counts["b"] = 2  #! ACC130 counts['b'] would be changed in place
    names[0] = "x"  #! ACC130 names[0] would be changed in place
    held = bank.charge(com(order.cents, to=bank))  #! ACC184 held is of type Held, and com(order.cents, to=bank)
    assert held > 0  #! ACC123 `assert` is not in the language
    today = date.today()  #! ACC135 date.today() reads a clock
    kind = type(order)  #! ACC110 type of Python is not in the language
    if today == kind and totals and counts:
        stock.hold(order)
