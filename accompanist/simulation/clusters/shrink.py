"""Minimises a failing run: fewer sagas, fewer kinds of faults, fewer faults, while it still fails.

Leaving something out changes what happens afterwards. So a smaller run is another run, which may fail in another way;
it is kept if anything in it is wrong. The search is greedy and bounded by a number of runs, so its result is small, but
not the smallest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from accompanist.simulation.clusters.faults import FaultKind
from accompanist.simulation.clusters.run import Ran, Setting, run
from accompanist.simulation.clusters.subject import Subject

_runs_max = 120


def shrink(ran: Ran, subjects: Sequence[Subject], told: Callable[[Ran], None] = lambda ran: None) -> Ran:
    """The smallest failing run that was found. `told` is called with each smaller one on the way."""
    best, left = ran, _runs_max
    again = True
    while again and left > 0:
        again = False
        for candidate in _smaller(best):
            if left <= 0:
                break
            left -= 1
            tried = run(candidate, subjects)
            if tried.broken:
                best, again = tried, True
                told(best)
                break
    return best


def _smaller(ran: Ran) -> Iterator[Setting]:
    """Settings that leave something out, beginning with those that leave out most."""
    setting = ran.setting
    sessions = ran.sessions if setting.sessions_max is None else setting.sessions_max
    for count in _counts(sessions, 1):
        yield setting.smaller(sessions_max=count)
    for name in sorted(ran.faults, key=lambda name: -ran.faults[name]):
        yield setting.smaller(without=setting.without | {FaultKind(name)})
    total = sum(ran.faults.values())
    for count in _counts(total, 0):
        yield setting.smaller(faults_max=count)


def _counts(count: int, least: int) -> list[int]:
    return sorted(
        {each for each in (least, count // 4, count // 2, count * 3 // 4, count - 1) if least <= each < count}
    )
