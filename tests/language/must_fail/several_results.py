"""Results at several roles are named at once by who calls for them, and each is at its place."""

from __future__ import annotations

from accompanist import At, choreography, com
from tests.language.must_fail.shop import Bank, Stock


@choreography
def rates(a: Bank, b: Bank, n: At[int, "a"]) -> tuple[At[int, "a"], At[int, "b"]]:
    return a.rate(n), b.rate(com(n, to=b))


@choreography
def one_only(a: Bank, b: Bank, n: At[int, "a"]) -> tuple[At[int, "a"], At[int, "b"]]:
    return a.rate(n)  #! ACC144 one_only gives 2 results at places of their own, and this return names 1


@choreography
def elsewhere(a: Bank, b: Bank, n: At[int, "a"]) -> tuple[At[int, "a"], At[int, "b"]]:
    return a.rate(n), a.rate(n + 1)  #! ACC113 elsewhere gives result 2 at b, but a.rate(n + 1) is at a


@choreography
def again(a: Bank, b: Bank, n: At[int, "a"]) -> tuple[At[int, "a"], At[int, "b"]]:
    if n > 3:
        first, second = again(a, b, n - 1)
        return first, second
    return n, com(n, to=b)


@choreography
def half_placed(a: Bank, b: Bank, n: At[int, "a"]) -> tuple[At[int, "a"], int]:  #! ACC119 int has no place
    return n, 3


@choreography
def several_results(bank: Bank, other: Bank, n: At[int, "bank"]) -> At[int, "bank"]:
    both = rates(bank, other, n)  #! ACC169 rates gives 2 results, each at a place of its own
    x, y, z = rates(bank, other, n)  #! ACC169 rates gives 2 results, each at a place of its own
    total = sum(rates(bank, other, n))  #! ACC169 rates gives 2 results, each at a place of its own
    p, q = rates(bank, other, n)
    bank.rate(q)  #! ACC113 bank.rate takes cents at bank, but q is at other
    one_only(bank, other, n)
    t, u = elsewhere(bank, other, n)
    r, s = again(bank, other, n)  #! ACC169 again calls itself, and gives results at several roles
    half_placed(bank, other, n)
    return total + p + x + y + z + both + r + t + com(s + u, to=bank)
