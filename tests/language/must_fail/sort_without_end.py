"""Mergesort: no list is short enough to be left alone."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Stock


@choreography
def sort(a: Stock, b: Stock, x: At[list[int], "a"]) -> At[list[int], "a"]:
    half = sort(b, a, com(x[1:], to=b))
    return com(half, to=a)


@choreography
def sort_without_end(one: Stock, two: Stock, x: At[list[int], "one"]) -> At[list[int], "one"]:
    return sort(one, two, x)  #! ACC122 sort calls itself on every path
