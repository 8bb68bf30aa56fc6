"""Pages messages from the inbox into sessions that have too many to hold in memory.

When a program asks for a message that may have been spilled, a page is read from the inbox once: that message and those
after it. If the message is not there, it arrives later like any other.

Not promised: that the rest of a page is used. A program that does not follow the order of sites reads the next page.
"""

from __future__ import annotations

from collections.abc import Callable

from accompanist.runtime.messages import Message
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.loading import Loader
from accompanist.sidecar.sessions.tasks import Tasks


class Reader:
    """Reads pages for sessions. `is_live`: whether this run of a session is the one in memory; `feed`: gives a session
    a message."""

    def __init__(
        self,
        loader: Loader,
        tasks: Tasks,
        is_live: Callable[[Session], bool],
        feed: Callable[[Session, Message], None],
    ) -> None:
        self._loader = loader
        self._tasks = tasks
        self._is_live = is_live
        self._feed = feed

    def read_on(self, session: Session) -> None:
        """Read the message that the session lacks, if that was not tried yet; one page at a time."""
        name = session.awaited_message
        if name is None or session.reading or session.looked_for == name or not self._is_live(session):
            return
        session.looked_for, session.reading = name, True
        self._tasks.spawn([session.key], self._page(session, *name))

    async def _page(self, session: Session, site: str, sender: str) -> None:
        messages = await self._loader.page(session.key, site, sender)
        # the session may have gone on in the meantime
        if self._is_live(session) and session.awaited_message == (site, sender):
            session.make_room(messages)
            # feed the awaited message last, so that the program then runs over all the others
            for message in reversed(messages):
                if self._is_live(session):
                    self._feed(session, message)
        session.reading = False
        self.read_on(session)
