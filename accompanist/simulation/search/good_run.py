"""Looks for one run that settles, without faults or declines, before a search begins.

A search goes by the number of steps, so it meets sagas that are undone first. If it is stopped early, it may have met
no others. Then the run that was found here shows that a saga can settle.
"""

from __future__ import annotations

from contextlib import suppress

from accompanist.simulation.search.explore import Explorer
from accompanist.simulation.search.properties import Broken
from accompanist.simulation.search.state import Chance

_steps_max = 10_000


def settles(explorer: Explorer) -> bool:
    """Whether a run settles that takes helpful moves only. Two runs are tried: one takes the first possible move each
    time, the other the last. So if an event races with a timer, each of them wins once."""
    with suppress(Broken):  # the search finds it again, and shows its schedule
        return any(_outcome(explorer, last) == "settled" for last in (False, True))
    return False


def _outcome(explorer: Explorer, last: bool) -> str:
    state = explorer.first
    for _ in range(_steps_max):
        helpful = (one for one in explorer.moves(state) if one[1].chance is Chance.HELPFUL and not one[1].declines)
        reached = ((explorer.after(state, place, move, left)) for place, move, left in helpful)
        after = [to for to in reached if to != state]
        if not after:
            return explorer.judge_end(state)
        state = after[-1 if last else 0]
    return ""
