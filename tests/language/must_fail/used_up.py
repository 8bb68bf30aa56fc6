"""Iterators that a name is bound to; where they are used up at once they can stand."""

from __future__ import annotations

from collections.abc import Iterator

from accompanist import At, Role, choreography, com, pure, query, share


class A(Role):
    @query
    def f(self, x: int) -> int: ...


class B(Role):
    @query
    def g(self, x: int) -> int: ...


@pure
def halves(xs: tuple[int, ...]) -> Iterator[int]:
    return iter([x // 2 for x in xs])


@choreography
def used_up(a: A, b: B, given: At[tuple[int, ...], "a"], n: At[int, "a"]) -> At[int, "a", "b"]:
    xs = share(given, to=[b])
    pairs = enumerate(xs)  #! ACC176 enumerate(xs) is an iterator
    back = reversed(xs) if len(xs) > 1 else xs  #! ACC176 reversed(xs) is an iterator
    both = [zip(xs, xs)]  #! ACC176 zip(xs, xs) is an iterator
    first = list([zip(xs, xs), list(xs)])[0]  #! ACC176 zip(xs, xs) is an iterator
    half = halves(xs)  #! ACC176 halves(xs) is an iterator
    fine = list(zip(xs, reversed(xs)))
    total = sum([x * y for x, y in fine] + [number for number, _ in enumerate(xs)] + [int(x) for x in halves(xs)])
    for x, y in zip(xs, xs):
        total = total + x * y
    low, high = zip(xs, xs)
    a.f(total + len(low) + len(high) + len(list(pairs)) + len(list(back)) + len(both) + len(list(first)))
    b.g(com(n, to=b) + len(list(half)))
    return len(list(pairs))
