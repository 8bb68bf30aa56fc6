"""Sessions with more messages than memory is to hold: their programs are read to from the inbox.

A program asks for a message that may lie in the inbox without its session having heard of it. It is looked for there
once, together with those that come after it. One that is not there comes by itself, later, like any other message.

Not promised: that a page is of use. A program that takes another way than its sites are ordered in has it in vain, and
asks for the next one.
"""

from __future__ import annotations

from collections.abc import Callable

from accompanist.runtime.messages import Message
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.loading import Loader
from accompanist.sidecar.sessions.tasks import Tasks


class Reader:
    """`is_live`: whether this run of a session is the one in memory; `feed`: tells a session of a message."""

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
        """Look for what the session asks for, if it was not looked for yet; one page at a time."""
        name = session.lacking
        if name is None or session.reading or session.looked_for == name or not self._is_live(session):
            return
        session.looked_for, session.reading = name, True
        self._tasks.spawn([session.key], self._page(session, *name))

    async def _page(self, session: Session, site: str, sender: str) -> None:
        messages = await self._loader.page(session.key, site, sender)
        # what came by itself meanwhile may have led on from there
        if self._is_live(session) and session.lacking == (site, sender):
            session.make_room(messages)
            # the one that is asked for comes last, so that the program then runs on over all the others
            for message in reversed(messages):
                if self._is_live(session):
                    self._feed(session, message)
        session.reading = False
        self.read_on(session)
