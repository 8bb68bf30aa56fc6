"""The first run of a choreography that is looked at: without faults, and nobody declines.

A search goes by the number of steps and meets sagas that are undone first. Where it is stopped early it may have met no
other. One run that settles, seen before it, says that there are such.
"""

from __future__ import annotations

from contextlib import suppress

from accompanist.simulation.search.explore import Explorer
from accompanist.simulation.search.properties import Broken
from accompanist.simulation.search.state import Chance

_steps_max = 10_000


def settles(explorer: Explorer) -> bool:
    """Whether a run settles in which only what will happen by itself does: each time the first thing, or each time the
    last one, which tells what an event says before its timer is due, or the other way round."""
    with suppress(Broken):  # the search finds that, and tells it in full
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
