"""What another role's branch changes: the changed value stays where it was, and each side has to leave it at the same
role."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Stock


@choreography
def local_state_elsewhere(
    stock: Stock, bank: Bank, other: Bank, n: At[int, "stock"]
) -> At[int, "stock"]:
    rate = bank.rate(com(n, to=bank))
    second = other.rate(com(n, to=other))
    if n > 3:
        rate = rate + 1
        either = rate
    else:
        either = second
    com(either, to=stock)  #! ACC112 either is at no role behind the branch
    more = other.rate(rate)  #! ACC113 other.rate takes cents at other, but rate is at bank
    return com(more, to=stock)
