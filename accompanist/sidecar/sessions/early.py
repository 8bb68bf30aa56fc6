"""Early release: messages that leave before their commit, and messages that are heard before the log has them.

docs/durability.md has the rules; `runtime.burst` says which bursts they allow. Here is what a sidecar has to remember.

    sender      gives the messages to the links at once (`hand`). Its commit follows, and stores the same messages.
    receiver    acts on them at once. What of its session has to be stable waits until the sender says that its commit
                was made (`said`). Then the session's own commit looks for the messages in the inbox, and is refused if
                one is not there. If the sender says nothing for `early_store_ms`, the receiver stores the message
                itself (`store`), as said by the service that handed it over: its sender may have died, and the session
                has to be seen and undone like any other. So it does if what was said is not true, or if the session
                leaves memory before a commit has looked.

Not promised: that a message which was handed early arrives. Nobody keeps it but its sender's commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple

import structlog

from accompanist import limits
from accompanist.log.inbox import Stored
from accompanist.runtime import ports
from accompanist.runtime.messages import Identity, Message
from accompanist.runtime.ports import Delivery, InboxEntry, LogUnavailable
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.freshness import Key
from accompanist.sidecar.sessions.tasks import Tasks

logger = structlog.get_logger("accompanist.driver")


class EarlyRelease(NamedTuple):
    """How a sidecar releases early. `hand` gives messages to the links, each with the service it is for; what has no
    link goes with its commit. `store` writes messages that a service has said into the own inbox. `crowded`: whether a
    service may begin no session here: then its early messages begin none."""

    hand: Callable[[Stored], None]
    store: Callable[[str, Sequence[Message]], Awaitable[Sequence[Delivery]]]
    crowded: Callable[[str], bool] = lambda service: False


class EarlyHeard:
    """A message that a session has heard; `session` is None once that has left memory. `said`: its sender says that it
    has committed it; `seen`: the log says that the inbox has it."""

    def __init__(self, session: Session, entry: InboxEntry, *, said: bool, seen: bool) -> None:
        self.session: Session | None = session
        self.entry = entry
        self.key: Key = session.key
        self.timer: asyncio.TimerHandle | None = None
        self.said = said
        self.seen = seen
        self.waiters: asyncio.Event | None = None


class Unconfirmed:
    """The messages that sessions of one sidecar have heard, and that are in its inbox or will be. The next commit of
    the session looks for them there, and takes them from the queue. `lost` is called with a session that has heard what
    will not be in the inbox; `left` with messages that have left the queue.

    What a session does not have is not its own, though it was given to it: its mailbox may have had no room. Such a
    message comes from the queue like any other. Nor is what another run of the session has heard: that run writes
    nothing any more."""

    def __init__(
        self,
        store: Callable[[str, Sequence[Message]], Awaitable[Sequence[Delivery]]] | None,
        tasks: Tasks,
        lost: Callable[[Session], None],
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._lost = lost
        self._heard: dict[Key, dict[Identity, EarlyHeard]] = {}
        self._distrusted: dict[str, float] = {}
        """Until when nothing is heard early from a service, by the loop's time."""
        self._stopped = False
        self.left: Callable[[Sequence[InboxEntry]], None] = lambda entries: None

    def __contains__(self, key: Key) -> bool:
        """Whether a session has heard what its inbox may not have."""
        return bool(self.unsaid(key))

    def ahead(self, key: Key) -> bool:
        """Whether a session has heard what no answer of the log has shown to be in the inbox, whatever its sender says
        of it. Then a burst that is not `early` waits for a commit, which looks for it there."""
        return any(one.session is not None and not one.seen for one in self._heard.get(key, {}).values())

    def heard(self, session: Session, entry: InboxEntry, *, said: bool) -> None:
        """Note that a session hears a message that no log may have. `said`: its sender says that it has committed
        it."""
        self._note(session, entry, said=said, seen=False)

    def queued(self, session: Session, entry: InboxEntry) -> None:
        """Note that a session hears a message that the inbox has, and that is still in the queue."""
        self._note(session, entry, said=True, seen=True)

    def _note(self, session: Session, entry: InboxEntry, *, said: bool, seen: bool) -> None:
        before = self._heard.get(session.key, {}).get(entry.message.key)
        if before is not None and before.session is session:
            return
        if before is not None:
            self._end(before)
        heard = EarlyHeard(session, entry, said=said, seen=seen)
        self._heard.setdefault(session.key, {})[entry.message.key] = heard
        if not said:
            self._store_later(heard)

    def heeded(self, session: Session, message: Message) -> None:
        """A session was given a message. If it found no room for it, the message is not its own."""
        heard = self._of(message)
        if heard is not None and heard.session is session and not session.has(message):
            self._end(heard)

    def said(self, service: str, message: Message) -> bool:
        """Note that a service says that it has committed a message. Returns whether a session has it already: the
        commit of that session looks for it."""
        heard = self._of(message)
        if heard is None or heard.entry.sender_service != service or not _alike(heard.entry.message, message):
            return False
        return heard.session is not None and self._stored(heard)

    def _stored(self, heard: EarlyHeard) -> bool:
        if heard.session is None or not heard.session.has(heard.entry.message):
            self._end(heard)
            return False
        self._say(heard)
        return True

    def confirmed(self, session: Session | None, message: Message) -> bool:
        """Note that the inbox has a message. Returns whether this session has heard it already. A session that heard
        another content under its name is lost: it is to begin again with what the inbox has."""
        heard = self._of(message)
        if heard is None:
            return False
        if not _alike(heard.entry.message, message):
            if heard.session is None:
                self._end(heard)
            else:
                self._lost(heard.session)
            return False
        self._end(heard)
        return session is not None and heard.session is session

    def unsaid(self, key: Key) -> tuple[EarlyHeard, ...]:
        """What a session has heard by now, and its sender has not said to have committed."""
        heard = self._heard.get(key, {})
        return tuple(one for one in heard.values() if one.session is not None and not one.said)

    async def all_said(self, awaited: Iterable[EarlyHeard]) -> None:
        """Wait until the senders of these say that they have committed them. Those that wait go on in their order."""
        for heard in awaited:
            if not heard.said and heard.session is not None:
                heard.waiters = heard.waiters or asyncio.Event()
                await heard.waiters.wait()

    def waiting(self, session: Session) -> tuple[InboxEntry, ...]:
        """What the next commit of a session is to look for in the inbox."""
        heard = self._heard.get(session.key, {}).values()
        return tuple(one.entry for one in heard if one.said and one.session is session)

    def written(self, entries: Sequence[InboxEntry]) -> None:
        """A commit has found these in the inbox, and taken them from the queue."""
        for entry in entries:
            self.taken(entry)
        if entries:
            self.left(entries)

    def taken(self, entry: InboxEntry) -> None:
        """The log has brought a message, or has taken it from the queue."""
        heard = self._of(entry.message)
        if heard is not None and heard.entry.sender_service == entry.sender_service and heard.said:
            self._end(heard)

    def dropped(self, session: Session) -> None:
        """A session has left memory, and writes nothing any more that depends on what no commit has looked for. What it
        has acted upon is stored here all the same, whatever its sender says: the session has to be seen, and undone."""
        own = [one for one in self._heard.get(session.key, {}).values() if one.session is session]
        if any(not one.seen for one in own):
            session.life.refused = True
        for heard in own:
            heard.session = None
            if heard.seen:
                self._end(heard)
                continue
            if heard.waiters is not None:
                heard.waiters.set()  # the group commit refuses what goes on
            if heard.said:
                heard.said = False
                self._overdue(heard)

    def disproved(self, session: Session) -> None:
        """The inbox does not have what a session has heard. Nothing is heard early for a while from who said so, or may
        have."""
        until = asyncio.get_running_loop().time() + limits.early_distrust_ms / 1000
        own = [one for one in self._heard.get(session.key, {}).values() if one.session is session and not one.seen]
        for service in sorted({one.entry.sender_service for one in own if one.said}):
            if not self.distrusts(service):
                logger.warning("early.not_there", peer=service, session=str(session.header.session))
            self._distrusted[service] = until

    def distrusts(self, service: str) -> bool:
        """Whether nothing of a service is heard early now."""
        return self._distrusted.get(service, 0.0) > asyncio.get_running_loop().time()

    def stop(self) -> None:
        """Store nothing more."""
        self._stopped = True
        for heard in [one for of_session in self._heard.values() for one in of_session.values()]:
            if heard.timer is not None:
                heard.timer.cancel()

    def _of(self, message: Message) -> EarlyHeard | None:
        return self._heard.get((message.session, message.receiver), {}).get(message.key)

    def _say(self, heard: EarlyHeard) -> None:
        if heard.timer is not None:
            heard.timer.cancel()
        heard.said = True
        if heard.waiters is not None:
            heard.waiters.set()

    def _end(self, heard: EarlyHeard) -> None:
        self._say(heard)
        of_session = self._heard.get(heard.key, {})
        if of_session.get(heard.entry.message.key) is heard:
            del of_session[heard.entry.message.key]
            if not of_session:
                del self._heard[heard.key]

    def _store_later(self, heard: EarlyHeard) -> None:
        if not self._stopped:
            later = asyncio.get_running_loop().call_later
            heard.timer = later(limits.early_store_ms / 1000, self._overdue, heard)

    def _overdue(self, heard: EarlyHeard) -> None:
        if not heard.said and not self._stopped:
            self._tasks.spawn([], self._keep(heard))

    async def _keep(self, heard: EarlyHeard) -> None:
        """Store a message that its sender has not stored. One at a time: its sender may be storing it with others just
        now, in another order. It is tried until the log answers."""
        assert self._store is not None
        entry, delivery = heard.entry, None
        try:
            [delivery] = await self._store(entry.sender_service, [entry.message])
        except LogUnavailable:
            pass
        except Exception as problem:
            logger.error("early.not_stored", problem=type(problem).__name__, exc_info=problem)
        if heard.said:
            return
        if delivery is None:
            self._store_later(heard)
        elif ports.fate(delivery) is ports.Fate.HERE:
            heard.seen = True
            self._stored(heard)
        else:
            if heard.session is not None:
                self._lost(heard.session)
            if ports.fate(delivery) is ports.Fate.AGAIN:
                self._store_later(heard)
            else:
                self._end(heard)


def _alike(one: Message, other: Message) -> bool:
    return (one.kind, one.payload, one.header) == (other.kind, other.payload, other.header)
