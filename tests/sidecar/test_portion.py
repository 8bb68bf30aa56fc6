"""How much is requested from the log at once: half as much after an answer that took too long, twice as much after one
that did not.
"""

from __future__ import annotations

from contextlib import suppress

import pytest

from accompanist.runtime.ports import LogSlow
from accompanist.sidecar.loops.portion import Portion


def asked(portion: Portion, slow: bool) -> int:
    with suppress(LogSlow), portion.asked() as size:
        if slow:
            raise LogSlow("it took too long")
    return size


def test_it_is_halved_down_to_one_and_doubled_up_to_the_most() -> None:
    portion = Portion(9)
    assert [asked(portion, slow=True) for _ in range(5)] == [9, 4, 2, 1, 1]
    assert [asked(portion, slow=False) for _ in range(6)] == [1, 2, 4, 8, 9, 9]


def test_who_asks_hears_that_it_took_too_long() -> None:
    with pytest.raises(LogSlow), Portion(9).asked():
        raise LogSlow("it took too long")
