"""Mergesort over three sorters: each gives the halves to the other two, which do likewise.

The example by which Choral shows role parameters: sort takes three roles, and calls itself twice with the same three
in another order, so that each of them is the master by turns. Merging is a choreography of its own, with the two
sorted halves at two roles: they are compared head by head, and the smaller one goes to the third. Two roles own a
part of the loop's condition, so it says on which of them it is decided, by moving the number of what is left there
once. Each sorter sees only the numbers that come by it. There are no workers: a list is a value, and new ones are
made of it.

Source: the example Mergesort of choral-lang/choral, described at choral-lang.org, "Mergesort".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, pure


class Sorter(Role):
    pass


@pure
def less(low: int, high: int) -> bool:
    return low <= high


@choreography
def merge(a: Sorter, b: Sorter, c: Sorter, left: At[list[int], "b"], right: At[list[int], "c"]) -> At[list[int], "a"]:
    done = com([0], to=a)[:0]
    more = com(len(right), to=b)
    while len(left) > 0 and more > 0:
        first = com(right[0], to=b)
        if less(left[0], first):
            done = [*done, com(left[0], to=a)]
            left = left[1:]
        else:
            done = [*done, com(right[0], to=a)]
            right = right[1:]
            more = more - 1
    return done + com(left, to=a) + com(right, to=a)


@choreography
def sort(a: Sorter, b: Sorter, c: Sorter, numbers: At[list[int], "a"]) -> At[list[int], "a"]:
    if len(numbers) < 2:
        return numbers
    middle = len(numbers) // 2
    left = sort(b, c, a, com(numbers[:middle], to=b))
    right = sort(c, a, b, com(numbers[middle:], to=c))
    return merge(a, b, c, left, right)


@choreography
def mergesort(a: Sorter, b: Sorter, c: Sorter, numbers: At[list[int], "a"]) -> At[list[int], "a"]:
    return sort(a, b, c, numbers)


WORKERS: dict[str, Callable[..., Any]] = {}
ARGUMENTS: list[dict[str, Any]] = [{"numbers": []}, {"numbers": [4, 1, 3, 2, 5]}]
RESULTS: list[Any] = [[], [1, 2, 3, 4, 5]]
