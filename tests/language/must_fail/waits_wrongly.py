"""Time and events that are not written so."""

from __future__ import annotations

from accompanist import At, attempt, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock


@choreography
def waits_wrongly(stock: Stock, bank: Bank, order: At[Order, "stock"]) -> At[int, "stock"]:
    stock.sleep()  #! ACC115 stock.sleep takes seconds
    name = "approved"
    a = stock.event(name, int)  #! ACC165 stock.event takes the name of the event, as a text, and the type of what it says
    b = stock.event("9 lives", int)  #! ACC165 stock.event takes the name of the event, as a text, and the type of what it says
    c = stock.event("approved")  #! ACC165 stock.event takes the name of the event, as a text, and the type of what it says
    d = stock.event("approved", Nothing)  #! ACC140 the name `Nothing` is not known here
    e = stock.event("approved", set[int])  #! ACC141 an event cannot say this
    f = stock.event("approved", int)
    g = stock.event("approved", str)  #! ACC167 the event approved of stock is int at another place, and str here
    h = stock.timeout(order, 5)  #! ACC166 stock.timeout takes an event of stock and seconds
    i = stock.timeout(bank.event("paid", int), 5)  #! ACC166 stock.timeout takes an event of stock and seconds
    j = stock.timeout(stock.hold(order), 5)  #! ACC166 stock.timeout takes an event of stock and seconds
    k = stock.timeout(stock.event("paid", int))  #! ACC166 stock.timeout takes an event of stock and seconds
    o = attempt(stock.event("paid", int))  #! ACC116 stock.event never declines
    m = f if f else stock.event("seen", int)  #! ACC133 stock.event stands inside a conditional expression
    n = com(bank.event("paid", int), to=stock)
    return n if a and b and c and d and e and g and h and i and j and k and o and m else 0
