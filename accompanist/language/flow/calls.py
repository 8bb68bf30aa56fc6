"""Procedures in a forward flow: each is walked once for all its calls.

The state at the beginning of a procedure is the join of those at its calls, and behind each call stands the join of
those at its ends. These depend on one another, since procedures call themselves, so everything is walked again until
none of them changes. Nothing is told meanwhile: who has no state yet for an end knows too much behind it.

Not promised: that what a procedure does for one call is told apart from what it does for another. That would take a
state for each chain of calls (Nielson, Nielson and Hankin, chapter 2.5).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from accompanist.language.flow.reports import Reports
from accompanist.language.ir import Block, NormalForm, Procedure

S = TypeVar("S")


class ProcedureSummaries(Generic[S]):
    """The states at the beginnings and at the ends of the procedures of one choreography. `join`: of two ways; `walk`:
    goes through the steps of a procedure, or those of the choreography itself, from a state."""

    def __init__(self, join: Callable[[S, S], S], walk: Callable[[Procedure | None, Block, S], object]) -> None:
        self._join, self._walk = join, walk
        self._entry: dict[int, S] = {}
        self._exit: dict[int, S] = {}
        self._ends: list[S] = []

    def settle(self, whole: NormalForm, start: S, reports: Reports) -> None:
        """Walk everything until the states of all procedures are known."""
        while whole.procedures:
            before = dict(self._entry), dict(self._exit)
            with reports.aside():
                self.once(whole, start)
            if before == (self._entry, self._exit):
                return

    def once(self, whole: NormalForm, start: S) -> None:
        """Walk everything with what is known. A procedure that nobody has entered is left out."""
        self._walk(None, whole.body, start)
        for procedure in whole.procedures:
            number, self._ends = procedure.number, []
            if number in self._entry:
                self._walk(procedure, procedure.body, self._entry[number])
                for way in self._ends:
                    self._exit[number] = self._join(self._exit[number], way) if number in self._exit else way

    def enter(self, number: int, state: S) -> S | None:
        """A procedure is called. The state behind it; None if no way is known yet that comes to its end."""
        self._entry[number] = self._join(self._entry[number], state) if number in self._entry else state
        return self._exit.get(number)

    def end(self, state: S) -> None:
        """The walk comes to an end of the procedure that it is in. It counts when the procedure has been walked."""
        self._ends.append(state)
