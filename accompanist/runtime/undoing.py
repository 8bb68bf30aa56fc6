"""What a session that is being undone still has to compensate, read from the worker's fence page by page.

The log does not keep what was executed; the fence does, and only it. That is enough for Rule 0. Once the door is shut
the fence takes no forward call, so its list never grows; it gets shorter only by compensations, each in one commit
with its mark there. Asked again, after a crash too, it answers what is left. So the list is stable without a copy in
the session's row, which would be rewritten at every compensation and could hold no more than a row can.

Compensations go backwards. So the fence answers the entries that were committed last, as many as fit a page, and
whether there are earlier ones. Where a page ends the next is asked for, `before` the first site of this one. That site
is named, and not just "what is left", because an entry that a person has undone by hand is still on the fence's list;
the log's marks pass over it.

A worker without a fence keeps no list. It is found by running the program over the log's results; what the log has to
keep for that is one site, `SessionRow.asked`: of the call that was asked and not answered when the session was closed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from accompanist.runtime.burst import CloseWorker
from accompanist.runtime.ports import Executed


class Undoing:
    """`asked`: the page that was asked for and has not come. Nothing was read yet in a session that was recovered."""

    def __init__(self) -> None:
        self.asked: CloseWorker | None = None
        self._due: list[Executed] = []
        self._rest: CloseWorker | None = CloseWorker()

    @property
    def known(self) -> bool:
        """Whether it is known what is due next, or that nothing is."""
        return bool(self._due) or (self.asked is None and self._rest is None)

    def take(self, executed: Iterable[Executed], more: bool) -> None:
        """A page, in commit order; `more`: there are earlier entries."""
        self._due = list(executed)
        self._rest = CloseWorker(before=self._due[0].site) if more and self._due else None
        self.asked = None

    def next(self, marks: Collection[str]) -> Executed | None:
        """The last entry that is not marked; None where the page has none (any more)."""
        while self._due and self._due[-1].site in marks:
            self._due.pop()
        return self._due[-1] if self._due else None

    def unmarked(self, marks: Collection[str]) -> list[Executed]:
        """All entries of the page that are not marked, the last first."""
        return [entry for entry in reversed(self._due) if entry.site not in marks]

    def read_on(self) -> CloseWorker | None:
        """The page to ask for now; None where there is none, or it was asked for already."""
        if self._due or self.asked is not None or self._rest is None:
            return None
        self.asked, self._rest = self._rest, None
        return self.asked

    def ask_again(self) -> None:
        """The page that was asked for was not answered, and is asked for anew when somebody wants to go on."""
        if self.asked is not None:
            self._rest, self.asked = self.asked, None

    def leave_the_rest(self) -> None:
        """Somebody says that all that is left is undone: what was not read yet is not read."""
        self._due, self._rest, self.asked = [], None, None
