"""The garbage collector of a process that runs for long.

What a process holds once it has started, such as modules and programs, stays until it ends. The cyclic collector would
go through it again and again, so it is left out from then on. What comes later is mostly freed by reference counts:
few objects are in cycles, so the collector runs less often than by default.

Not promised: that memory in a cycle is free at once.
"""

from __future__ import annotations

import gc

from accompanist import limits


def started() -> None:
    """The process has started: leave what it holds now out of the cyclic collector, which runs less often."""
    gc.collect()
    gc.freeze()
    _, *older = gc.get_threshold()
    gc.set_threshold(limits.garbage_objects_count, *older)
