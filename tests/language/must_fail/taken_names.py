"""Variables do not hide roles, globals, builtins or names of generated code."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Order, Stock

LIMIT = 3


@choreography
def taken_names(
    stock: Stock,
    bank: Bank,
    order: At[Order, "stock"],
    max: At[int, "stock"],  #! ACC118 max is a builtin
) -> None:
    bank = order.cents  #! ACC118 bank is a role
    LIMIT = order.cents  #! ACC118 LIMIT is defined at the top of the file
    len = 5  #! ACC118 len is a builtin
    Send = 5  #! ACC118 Send is reserved
    _3 = 6  #! ACC118 _3 is reserved
    com(LIMIT + len + Send + _3 + max, to=bank)
