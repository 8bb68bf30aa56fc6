"""What an analysis finds while it cannot know yet whether it stays.

The first turns of a loop know less than the last one. So what is found in a turn is set aside, and told when the turn
is over and known to be the last. With `each_turn` what was found in every turn is told: where two turns find something
of one kind at one place, what the first of them said. That is for an analysis that falls silent about what it refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from accompanist.language.text.diagnostic import Findings


class Reports:
    """Where an analysis reports to: `now` is where what is found at this moment goes."""

    def __init__(self, findings: Findings, *, each_turn: bool = False) -> None:
        self.now = findings
        self._each_turn = each_turn

    @contextmanager
    def aside(self) -> Iterator[Findings]:
        """What is found inside goes nowhere but into the findings that this gives."""
        outer, self.now = self.now, Findings()
        try:
            yield self.now
        finally:
            self.now = outer

    def kept(self, before: Findings, turn: Findings) -> Findings:
        """What is to be told after another turn, if that is the last one."""
        if not self._each_turn:
            return turn
        before.take_new(turn)
        return before
