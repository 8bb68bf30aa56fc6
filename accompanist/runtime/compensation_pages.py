"""The list of transactions that are still to be compensated, read from the worker's fence page by page.

Only the fence records what was executed; the log does not. That is enough for Rule 0. A closed fence takes no forward
call, so its list never grows. Only a compensation shortens it, in one commit with its effect. Asked again, even after a
crash, the fence answers what is left. So the list is stable without a copy in the session's row, which would be
rewritten at every compensation and could only hold a bounded list.

Compensations run in reverse order. So the fence answers the entries that were committed last, as many as fit a page,
and whether there are earlier ones. At the end of a page the next is requested, `before` the first site of this one. It
is not enough to ask for "what is left": an entry that an operator undid by hand is still on the fence's list. The log's
marks skip it.

A worker without a fence keeps no list. Instead, a run of the program over the log's results finds what was executed.
For that the log keeps one site, `SessionRow.asked`: the call that was not answered when the session was closed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from accompanist.runtime.burst import CloseWorker
from accompanist.runtime.ports import Executed


class CompensationPages:
    """The transactions still to be compensated, as far as they were read. `asked`: the page that was requested and has
    not arrived."""

    def __init__(self) -> None:
        self.asked: CloseWorker | None = None
        self._due: list[Executed] = []
        self._rest: CloseWorker | None = CloseWorker()

    @property
    def known(self) -> bool:
        """Whether the next compensation is known, or that there is none."""
        return bool(self._due) or (self.asked is None and self._rest is None)

    def take(self, executed: Iterable[Executed], more: bool) -> None:
        """Take a page, in commit order; `more`: there are earlier entries."""
        self._due = list(executed)
        self._rest = CloseWorker(before=self._due[0].site) if more and self._due else None
        self.asked = None

    def next(self, marks: Collection[str]) -> Executed | None:
        """The last entry that is not marked as undone; None if the page has none left."""
        while self._due and self._due[-1].site in marks:
            self._due.pop()
        return self._due[-1] if self._due else None

    def unmarked(self, marks: Collection[str]) -> list[Executed]:
        """All entries of the page that are not marked as undone, the last first."""
        return [entry for entry in reversed(self._due) if entry.site not in marks]

    def read_on(self) -> CloseWorker | None:
        """The page to request now; None if there is none, or if it was requested already."""
        if self._due or self.asked is not None or self._rest is None:
            return None
        self.asked, self._rest = self._rest, None
        return self.asked

    def ask_again(self) -> None:
        """Forget that a page was requested, because it was not answered. `read_on` requests it again."""
        if self.asked is not None:
            self._rest, self.asked = self.asked, None

    def leave_the_rest(self) -> None:
        """Drop all entries that are left: an operator says that they are undone, or that they stay."""
        self._due, self._rest, self.asked = [], None, None
