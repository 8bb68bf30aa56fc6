"""Karatsuba's product: three products of halves, each computed by another party, which does likewise.

A choreography that calls itself with its roles in another order. The party that has the numbers halves them, gives
one product to each of the other two, keeps the third, and puts the three together; in each of the three calls another
party is the master. How deep it goes depends on the numbers, and is known only at run time: a procedure is made for
each order of the roles, and each party knows of each call whether it acts in it. The arithmetic is local, in @pure
functions, so no worker is asked anything. Nothing here cannot be undone, so the compiler asks for no bound on how
deep it goes.

Source: the example Karatsuba of choral-lang/choral; Karatsuba, Ofman, Multiplication of Many-Digital Numbers by
Automatic Computers (1962).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, pure


class Party(Role):
    pass


@pure
def halves(number: int, base: int) -> tuple[int, int]:
    return number // base, number % base


@pure
def base_of(x: int, y: int) -> int:
    return int(10 ** (max(len(str(x)), len(str(y))) // 2))


@choreography
def multiply(a: Party, b: Party, c: Party, x: At[int, "a"], y: At[int, "a"]) -> At[int, "a"]:
    if x < 10 or y < 10:
        return x * y
    base = base_of(x, y)
    x_high, x_low = halves(x, base)
    y_high, y_low = halves(y, base)
    low = multiply(b, c, a, com(x_low, to=b), com(y_low, to=b))
    high = multiply(c, a, b, com(x_high, to=c), com(y_high, to=c))
    middle = multiply(a, b, c, x_low + x_high, y_low + y_high)
    z0, z2 = com(low, to=a), com(high, to=a)
    return z2 * base * base + (middle - z2 - z0) * base + z0


@choreography
def karatsuba(a: Party, b: Party, c: Party, x: At[int, "a"], y: At[int, "a"]) -> At[int, "a"]:
    return multiply(a, b, c, x, y)


WORKERS: dict[str, Callable[..., Any]] = {}
ARGUMENTS: list[dict[str, Any]] = [{"x": 3, "y": 4}, {"x": 1234, "y": 5678}]
RESULTS: list[Any] = [12, 7006652]
