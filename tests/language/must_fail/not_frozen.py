"""Shared values stay equal at all their owners."""

from __future__ import annotations

from accompanist import At, choreography, share
from tests.language.must_fail.shop import Bank, Loose, Stock


@choreography
def not_frozen(stock: Stock, bank: Bank, loose: At[Loose, "stock"], many: At[list[int], "stock"]) -> At[int, "bank"]:
    a = share(loose, to=[bank])  #! ACC142 Loose is not frozen
    b = share(many, to=[bank])  #! ACC142 a list can be changed in place
    c = share((1, many), to=[bank])  #! ACC142 a list can be changed in place
    return bank.rate(len([a, b, c]))
