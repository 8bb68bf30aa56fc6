"""The garbage collector after a start: it leaves out what the process holds then, and runs less often."""

from __future__ import annotations

import gc

from accompanist import garbage, limits


def test_what_is_held_at_the_start_is_left_out_and_the_collector_runs_less_often() -> None:
    before, threshold = gc.get_freeze_count(), gc.get_threshold()
    try:
        garbage.started()
        assert gc.get_freeze_count() > before
        assert gc.get_threshold() == (limits.garbage_objects_count, *threshold[1:])
        cycle: list[object] = []
        cycle.append(cycle)
        del cycle
        assert gc.collect() > 0  # what comes later is still collected
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)
