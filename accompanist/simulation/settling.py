"""The warning that no run of a choreography settled, so that its promises were not tested on a settled saga.

A program can pass every check and still undo every saga: a value does not fit its type, an expression raises for every
argument, or a worker declines every call. Each of those runs ends as it should, with everything compensated. So a
search or a simulation that saw nothing else looks like a success, although it saw no saga settle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from accompanist.errors import catalogue
from accompanist.simulation.search.workers import UNWILLING

NONE_SETTLED = catalogue(
    "ACC833",
    "no run settled",
    "Every saga that was run or searched was undone. That it was undone as it should be is all that this shows: "
    "nothing was seen of a saga that is done. Mostly the program fails for every argument, a value does not fit the "
    "type it is sent as, or the made-up arguments and replies lead nowhere else.",
    "Look at the reasons. If the program is right, give arguments and replies that let it settle: "
    "`verify --workers FILE`, ARGUMENTS and WORKERS in the module for `simulate`, `arguments=` and `workers=` of "
    "`testing.Saga`. If it is meant never to settle, `explore(settles=False)` of `testing.Saga` says so.",
)
EXIT = 6
"""The exit code of a command that saw no run settle."""
ENOUGH = 20
"""Of this many sagas of one choreography some should settle, whatever faults are injected."""
_shown = 3
_UNANSWERED = "gives no answer"
_WHY_UNANSWERED = (
    "its fake raises, or it declines after an attempt that a crash cut off, which is not believed without a fence"
)


def never_settled(
    reasons: Mapping[str, int], what: str = "", *, ended: int | None = None, met: int | None = None
) -> list[str]:
    """The lines of the warning. `what`: the choreography, where there are several. `ended`: how many ends an unfinished
    search has met; with 0 the warning is another. `met`: how many ends a search has met, if `reasons` counts ends."""
    about = f"{what}: " if what else ""
    if ended == 0:
        return ["no saga came to an end within the bound, so nothing is known of how they end"]
    every = "every saga was undone" if ended is None else "every saga that ended within the bound was undone"
    return [f"NO RUN SETTLED ({NONE_SETTLED}): {about}{every}.", *_because(reasons, met)]


def never_settled_of(ends: Mapping[tuple[str, str], int], reasons: Mapping[tuple[str, str], int]) -> list[str]:
    """The warning's lines for a simulation, whose `ends` and `reasons` are counted by choreography. If any choreography
    settled, only those that ran at least `ENOUGH` sagas without settling are named."""
    names = list(dict.fromkeys(name for name, _ in ends))
    never = [name for name in names if not ends.get((name, "settled"))]
    if never != names:
        never = [name for name in never if ends.get((name, "ended"), 0) >= ENOUGH]
    return [
        line
        for name in never
        for line in never_settled({why: count for (of, why), count in reasons.items() if of == name}, name)
    ]


def _because(reasons: Mapping[str, int], met: int | None) -> list[str]:
    """The most frequent reasons. Declines that the simulation asked for come last. If `met` is given, the numbers add
    up to it."""
    own = Counter({reason: count for reason, count in reasons.items() if reason != UNWILLING}) or Counter(reasons)
    shown = own.most_common(_shown)
    lines = [f"  {count:,} times: {reason}" for reason, count in shown]
    if met is None:
        return lines
    others = sum(reasons.values()) - sum(count for _, count in shown)
    known = {reason for reason, _ in shown}
    left = " and others" if len(set(reasons) - known - {UNWILLING}) else ""
    what = f"{UNWILLING}{left}" if UNWILLING in set(reasons) - known else "other reasons"
    lines += [f"  {others:,} times: {what}"] if others else []
    silent = met - sum(reasons.values())
    lines += [f"  {silent:,} times: its initiator keeps no reason"] if silent else []
    if any(reason.endswith(_UNANSWERED) for reason in own):
        lines.append(f"  {_UNANSWERED}: {_WHY_UNANSWERED}")
    return [f"  why, in {met:,} different ends:", *lines]
