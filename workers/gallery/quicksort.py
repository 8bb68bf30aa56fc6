"""Quicksort over three sorters, which change places in each call.

The pivot stays where it is, what is smaller goes to one of the others, what is larger to the third, and both sort
their part in the same way, each as the master of its call. Splitting is a @pure function of two results, unpacked in
one line. Here each call also does something: the sorter counts the pivot in a transaction that can be undone, so a
sort that fails half-way leaves no count behind, in whatever order the parts were sorted. The list comes back in order
because the three parts are put together in one expression, at one place.

Source: the example Quicksort of choral-lang/choral; Hoare, Quicksort (1962).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, pure, transaction


class Sorter(Role):
    @transaction
    def count(self, pivot: int) -> int: ...

    @count.compensation
    def uncount(self, pivot: int) -> None: ...


@pure
def split(numbers: list[int], pivot: int) -> tuple[list[int], list[int]]:
    return [n for n in numbers if n < pivot], [n for n in numbers if n > pivot]


@choreography
def quicksort(a: Sorter, b: Sorter, c: Sorter, numbers: At[list[int], "a"]) -> At[list[int], "a"]:
    if len(numbers) < 2:
        return numbers
    pivot = numbers[0]
    a.count(pivot)
    low, high = split(numbers, pivot)
    sorted_low = quicksort(b, c, a, com(low, to=b))
    sorted_high = quicksort(c, a, b, com(high, to=c))
    return com(sorted_low, to=a) + [pivot] + com(sorted_high, to=a)


@choreography
def quicksort_text(a: Sorter, b: Sorter, c: Sorter, numbers: At[list[int], "a"]) -> At[str, "a"]:
    done = quicksort(a, b, c, numbers)
    return str(done)


WORKERS: dict[str, Callable[..., Any]] = {
    "a.count": lambda pivot: pivot,
    "b.count": lambda pivot: pivot,
    "c.count": lambda pivot: pivot,
}
ARGUMENTS: list[dict[str, Any]] = [{"numbers": []}, {"numbers": [3, 1, 2]}, {"numbers": [5, 2, 8, 1, 9, 3, 7]}]
RESULTS: list[Any] = ["[]", "[1, 2, 3]", "[1, 2, 3, 5, 7, 8, 9]"]
