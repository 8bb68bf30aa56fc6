"""with, nested functions, global, del, walrus, async and stars."""

from __future__ import annotations

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock

COUNT = 0


@choreography
def contexts(stock: Stock, order: At[Order, "stock"]) -> int:
    global COUNT  #! ACC126 `global` is not in the language
    with open("x") as file:  #! ACC124 `with` is not in the language
        text = file.read()

    def inner() -> int:  #! ACC125 a function inside the choreography
        return 1

    double = lambda n: n * 2  #! ACC125 a lambda  # noqa
    if order.cents > 1 and (cents := order.cents) > 3:  #! ACC127 `:=` assigns inside an expression
        del text  #! ACC126 `del` is not in the language
    first, *rest, *more = stock.many(order)  #! ACC129 two stars
    merged = {**{"a": 1}}
    import math  #! ACC132 an import inside the choreography

    both = max(*rest)  #! ACC129 arguments are spread
    return cents
