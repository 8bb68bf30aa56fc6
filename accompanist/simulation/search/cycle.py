"""Finds a cycle of helpful steps: a run that never ends."""

from __future__ import annotations

from array import array
from collections.abc import Sequence


def on_a_cycle(states: int, looked: Sequence[int], edges: Sequence[int], begins: Sequence[int]) -> int | None:
    """A state from which edges lead back to it, if there is one: what is left when states that nothing leads to are
    taken away, again and again. `looked` gives each of so many states its place in `begins`, -1 for one without edges;
    its `edges`, which are states, begin there and end where the next ones begin."""
    leading = array("l", bytes(array("l").itemsize * states))
    for to in edges:
        leading[to] += 1
    free = [number for number in range(states) if not leading[number]]
    taken = 0
    while free:
        number = free.pop()
        taken += 1
        if (look := looked[number]) >= 0:
            for edge in range(begins[look], begins[look + 1]):
                to = edges[edge]
                leading[to] -= 1
                if not leading[to]:
                    free.append(to)
    if taken == states:
        return None
    return next(number for number in range(states) if leading[number])
