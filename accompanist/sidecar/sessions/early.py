"""Early release: messages that leave before their commit, and messages that are heard before the log has them.

docs/durability.md has the rules; `runtime.burst` says which bursts they allow. Here is what a sidecar has to remember.

    sender      gives the messages to the links at once (`hand`). Its commit follows, and stores the same messages.
    receiver    acts on them at once. What of its session has to be stable waits until the sender says that its commit
                was made (`said`). Then the session's own commit looks for the messages in the inbox, and is refused if
                one is not there. If the sender says nothing for `early_store_ms`, the receiver stores the message
                itself (`store`), as said by the service that handed it over: its sender may have died, and the session
                has to be seen and undone like any other.

Not promised: that a message which was handed early arrives. Nobody keeps it but its sender's commit.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from accompanist import limits
from accompanist.log.inbox import Stored
from accompanist.runtime import ports
from accompanist.runtime.messages import Identity, Message
from accompanist.runtime.ports import Delivery, InboxEntry, LogUnavailable
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.freshness import Key
from accompanist.sidecar.sessions.tasks import Tasks


class EarlyRelease(NamedTuple):
    """How a sidecar releases early. `hand` gives messages to the links, each with the service it is for; what has no
    link goes with its commit. `store` writes messages that a service has said into the own inbox."""

    hand: Callable[[Stored], None]
    store: Callable[[str, Sequence[Message]], Awaitable[Sequence[Delivery]]]


class _EarlyHeard:
    """A message that a session has heard. `said`: its sender says that it has committed it; `seen`: the log says that
    the inbox has it."""

    def __init__(self, session: Session, entry: InboxEntry, *, said: bool, seen: bool) -> None:
        self.session = session
        self.entry = entry
        self.timer: asyncio.TimerHandle | None = None
        self.said = said
        self.seen = seen


class Unconfirmed:
    """The messages that sessions of one sidecar have heard, and that are in its inbox or will be. The next commit of
    the session looks for them there, and takes them from the queue. `lost` is called with a session that has heard what
    will not be in the inbox; `left` with messages that have left the queue."""

    def __init__(
        self,
        store: Callable[[str, Sequence[Message]], Awaitable[Sequence[Delivery]]] | None,
        tasks: Tasks,
        lost: Callable[[Session], None],
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._lost = lost
        self._heard: dict[Key, dict[Identity, _EarlyHeard]] = {}
        self._unsaid: Counter[Key] = Counter()
        self._none_left: dict[Key, asyncio.Event] = {}
        self.left: Callable[[Sequence[InboxEntry]], None] = lambda entries: None

    def __contains__(self, key: Key) -> bool:
        """Whether a session has heard what its inbox may not have."""
        return key in self._unsaid

    def ahead(self, key: Key) -> bool:
        """Whether a session has heard what no answer of the log has shown to be in the inbox, whatever its sender says
        of it. Then a burst that is not `early` waits for a commit, which looks for it there."""
        return any(not one.seen for one in self._heard.get(key, {}).values())

    def heard(self, session: Session, entry: InboxEntry, *, said: bool) -> None:
        """Note that a session hears a message that no log may have. `said`: its sender says that it has committed
        it."""
        self._note(session, entry, said=said, seen=False)

    def queued(self, session: Session, entry: InboxEntry) -> None:
        """Note that a session hears a message that the inbox has, and that is still in the queue."""
        self._note(session, entry, said=True, seen=True)

    def _note(self, session: Session, entry: InboxEntry, *, said: bool, seen: bool) -> None:
        identity = entry.message.key
        of_session = self._heard.setdefault(session.key, {})
        if identity in of_session:
            return
        heard = of_session[identity] = _EarlyHeard(session, entry, said=said, seen=seen)
        if not said:
            later = asyncio.get_running_loop().call_later
            heard.timer = later(limits.early_store_ms / 1000, self._overdue, session.key, identity)
            self._unsaid[session.key] += 1

    def said(self, service: str, message: Message) -> bool:
        """Note that a service says that it has committed a message. Returns whether a session has heard it already: the
        commit of that session looks for it."""
        heard = self._heard.get((message.session, message.receiver), {}).get(message.key)
        if heard is None or heard.entry.sender_service != service or not _alike(heard.entry.message, message):
            return False
        self._say(heard)
        return True

    def confirmed(self, session: Session | None, message: Message) -> bool:
        """Note that the inbox has a message. Returns whether this session has heard it already. A session that heard
        another content under its name is lost: it is to begin again with what the inbox has."""
        heard = self._heard.get((message.session, message.receiver), {}).get(message.key)
        if heard is None:
            return False
        if not _alike(heard.entry.message, message):
            self._lost(heard.session)
            return False
        self._end(heard)
        return heard.session is session

    async def none_left(self, key: Key) -> None:
        """Wait until the senders of all that a session has heard say that they have committed it. Those that wait go on
        in their order."""
        while key in self._unsaid:
            await self._none_left.setdefault(key, asyncio.Event()).wait()

    def waiting(self, key: Key) -> tuple[InboxEntry, ...]:
        """What the next commit of a session is to look for in the inbox."""
        return tuple(one.entry for one in self._heard.get(key, {}).values() if one.said)

    def written(self, entries: Sequence[InboxEntry]) -> None:
        """A commit has found these in the inbox, and taken them from the queue."""
        for entry in entries:
            self.taken(entry)
        if entries:
            self.left(entries)

    def taken(self, entry: InboxEntry) -> None:
        """The log has brought a message, or has taken it from the queue."""
        message = entry.message
        heard = self._heard.get((message.session, message.receiver), {}).get(message.key)
        if heard is not None and heard.entry.sender_service == entry.sender_service and heard.said:
            self._end(heard)

    def forget(self, key: Key) -> None:
        """Forget what a session has heard: nothing of that run will be written."""
        for heard in list(self._heard.get(key, {}).values()):
            self._end(heard)

    def stop(self) -> None:
        """Store nothing more."""
        for heard in [one for of_session in self._heard.values() for one in of_session.values()]:
            if heard.timer is not None:
                heard.timer.cancel()

    def _say(self, heard: _EarlyHeard) -> None:
        if heard.timer is not None:
            heard.timer.cancel()
        if heard.said:
            return
        heard.said = True
        key = heard.session.key
        self._unsaid[key] -= 1
        if not self._unsaid[key]:
            del self._unsaid[key]
            if (event := self._none_left.pop(key, None)) is not None:
                event.set()

    def _end(self, heard: _EarlyHeard) -> None:
        self._say(heard)
        key = heard.session.key
        del self._heard[key][heard.entry.message.key]
        if not self._heard[key]:
            del self._heard[key]

    def _overdue(self, key: Key, identity: Identity) -> None:
        if (heard := self._heard.get(key, {}).get(identity)) is not None:
            self._tasks.spawn([], self._keep(heard))

    async def _keep(self, heard: _EarlyHeard) -> None:
        """Store a message that its sender has not stored. One at a time: its sender may be storing it with others just
        now, in another order."""
        assert self._store is not None
        entry = heard.entry
        try:
            [delivery] = await self._store(entry.sender_service, [entry.message])
        except LogUnavailable:
            delivery = None
        if heard.said:
            return
        if delivery is None:
            later = asyncio.get_running_loop().call_later
            heard.timer = later(limits.early_store_ms / 1000, self._overdue, heard.session.key, entry.message.key)
        elif ports.fate(delivery) is ports.Fate.HERE:
            heard.seen = True
            self._say(heard)
        else:
            self._lost(heard.session)


def _alike(one: Message, other: Message) -> bool:
    return (one.kind, one.payload, one.header) == (other.kind, other.payload, other.header)
