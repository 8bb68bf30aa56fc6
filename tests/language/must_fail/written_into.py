"""@pure functions that write into what they are given, and defaults that are one object for all calls."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from accompanist import At, choreography, pure
from tests.language.must_fail.shop import Stock


@dataclass(frozen=True)
class Bin:
    items: list[int]

    def __post_init__(self) -> None:
        self.items.sort()  #! ACC130 self.items is changed in place


@pure
def add(xs: list[int], more: int) -> int:
    xs.append(more)  #! ACC130 xs is changed in place, and xs was given
    return len(xs)


@pure
def first_of(rows: list[list[int]], by_name: dict[str, int]) -> int:
    rows[0][1] = 2  #! ACC130 rows[0][1] is changed in place
    row = rows[0]
    row.sort()  #! ACC130 row is changed in place
    for one in rows:
        one.clear()  #! ACC130 one is changed in place
    del by_name["x"]  #! ACC130 by_name['x'] is changed in place
    heapq.heappush(row, 1)  #! ACC130 row is changed in place
    return row.pop() + by_name.setdefault("y", 1)  #! ACC130 row is changed in place #! ACC130 by_name is changed


@pure
def longer(xs: list[int], seen: list[int] = []) -> list[int]:  #! ACC130 the default [] is one object for all calls
    xs += [1]  #! ACC130 xs is changed in place
    return xs


@pure
def count(bins: Bin) -> int:
    count.calls = 1  # type: ignore[attr-defined]  #! ACC130 count.calls is changed in place
    return len(bins.items)


@pure
def fine(xs: list[int], n: int) -> list[int]:
    own = list(xs)
    own.append(n)
    own[0] = n
    n += 1
    grid = [[0] * 2 for _ in xs]
    grid[0][1] = n
    xs = sorted(xs)
    xs.append(n)
    return own + xs + grid[0]


@choreography
def written_into(stock: Stock, given: At[tuple[int, ...], "stock"]) -> At[int, "stock"]:
    xs = list(given)
    total = add(xs, 1) + first_of([xs], {}) + count(Bin(xs))
    return total + len(longer(xs)) + len(fine(xs, 1))
