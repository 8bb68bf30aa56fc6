"""Methods are called of plain values, and only those that change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def methods(stock: Stock, order: At[Order, "stock"]) -> str:
    name = order.customer.format(1)  #! ACC134 order.customer.format is a method of str
    large = order.large()  #! ACC134 order.large is a method of Order
    lowered = order.lower()  #! ACC134 order.lower is a method of Order
    count = order.cents.count(1)  #! ACC134 order.cents.count is a method of int
    many = stock.many(order)
    entries = [one.strip() for one in many]  #! ACC134 one.strip is a method of Order
    many.append(order)  #! ACC130 many.append changes many in place
    last = many.pop()  #! ACC130 many.pop changes many in place
    when = datetime.fromtimestamp(1)  #! ACC135 takes the machine's time zone
    paid = replace(order, payed=True)  #! ACC143 Order has no field payed
    more = replace(many, cents=1)  #! ACC134 the type of what replace is given is not known here
    folded = sorted(many, key=lambda one: one.upper())  #! ACC134 one.upper is a method of Order
    doubled = map(abs, many)  #! ACC131 map is not in the language
    return ", ".join([name])
