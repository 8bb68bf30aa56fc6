"""Functions of one name: Python takes the last."""

from __future__ import annotations

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Stock


@pure
def raised(number: int) -> int:
    return number + 1


@pure
def raised(number: int) -> int:  #! ACC168 raised is defined in line 10, too
    return number + 2


@choreography
def function_twice(stock: Stock, number: At[int, "stock"]) -> At[int, "stock"]:
    return raised(number)
