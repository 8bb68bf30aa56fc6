"""Quicksort: a half is given to a sorter that has not got it."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Stock


@choreography
def sort(a: Stock, b: Stock, x: At[list[int], "a"]) -> At[list[int], "a"]:
    if len(x) < 2:
        return x
    half = sort(b, a, x[1:])  #! ACC113 sort takes x at b, but x[1:] is at a
    return com(half, to=a)


@choreography
def half_not_moved(one: Stock, two: Stock, x: At[list[int], "one"]) -> At[list[int], "one"]:
    return sort(one, two, x)
