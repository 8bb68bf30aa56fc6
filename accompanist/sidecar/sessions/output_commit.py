"""Output commit: nothing of a burst leaves before its commit. This is Rule 0 (docs/durability.md).

    burst -> forced? -> one commit, shared with other sessions' bursts -> released: calls, wake-ups, answers to clients
                 no  -> released at once; the row, which is a cache, is written within `lazy_write_ms`
          -> early?  -> released at once, though it is forced: its commit follows (`early`)

A burst that is not forced waits all the same while an earlier one of its session is being committed, so that nothing
overtakes what it depends on. One that is being committed and was released early holds up nothing that is early, too.
What is not, the call of the pivot, waits also until the inbox has what the session has heard. A session's commits keep
their order. All but those of early bursts wait until the senders of what the session had heard by then say that
it is in the inbox. What it hears later holds them up no more.

A session commits under the epoch under which it was loaded (`Session.epoch`), never under the one that is held when its
commit is handed in: its shard may be lost and acquired again in between.

It holds, by session, how many commits are under way, and the rows that are to be written. Both are kept by session and
role, not by its run in memory: a run that was loaded anew must not overtake what its predecessor has handed in.

If a commit is refused, nothing of its burst leaves. What becomes of the session, `CommitListener.refused` decides.

Not promised: that a deferred row is in the log at once, or at all before a crash.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import structlog

from accompanist import crashpoints
from accompanist.runtime import ports
from accompanist.runtime.beginning import PROGRAMS
from accompanist.runtime.burst import Burst
from accompanist.runtime.dependent_commits import PredecessorRefused
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Commit, Delivery, LeaseLost, LogUnavailable, NotInInbox, SessionRow
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions import dormant
from accompanist.sidecar.sessions.asking import Asking
from accompanist.sidecar.sessions.commits import Committer, commit_of, row_of
from accompanist.sidecar.sessions.deferred_rows import DeferredRows
from accompanist.sidecar.sessions.early import EarlyHeard, EarlyRelease, Unconfirmed
from accompanist.sidecar.sessions.freshness import Key, shard_of
from accompanist.sidecar.sessions.holding import Holding
from accompanist.sidecar.sessions.tasks import Tasks
from accompanist.sidecar.tracing import Tracing

logger = structlog.get_logger("accompanist.driver")


class CommitListener(Protocol):
    """Whoever is told how commits ended: `driver.Driver`."""

    def arrive(self, message: Message, *, known: bool) -> None: ...

    def clashed(self, message: Message, answer: Delivery) -> None: ...

    def mended(self, key: Key) -> None: ...

    def refused(self, session: Session, problem: Exception) -> None: ...

    def rest(self, session: Session) -> None: ...

    def timer_set(self, seconds: float) -> None: ...


class CommitTurn(NamedTuple):
    """The place of a commit among those of its session that wait: `before` is done when the one before it was handed
    in, `own` when this one was."""

    before: asyncio.Future[None] | None
    own: asyncio.Future[None]


class OutputCommit:
    """The bursts and deferred rows of one sidecar. `ended` is called for every session that votes, and again when it
    reaches its last phase; `clock` gives seconds since the epoch."""

    def __init__(
        self,
        service: str,
        committer: Committer,
        tracing: Tracing,
        tasks: Tasks,
        holding: Holding,
        asking: Asking,
        sessions: CommitListener,
        ended: Callable[[SessionRow], None],
        clock: Callable[[], float],
        early: EarlyRelease | None,
        unconfirmed: Unconfirmed,
    ) -> None:
        self._early = early
        self._unconfirmed = unconfirmed
        self._service = service
        self._committer = committer
        self._tracing = tracing
        self._tasks = tasks
        self._holding = holding
        self._asking = asking
        self._sessions = sessions
        self._ended = ended
        self._clock = clock
        self._committing: Counter[Key] = Counter()
        self._holding_up: Counter[Key] = Counter()
        """How many of these were not released early."""
        self._handing_in: dict[Key, asyncio.Future[None]] = {}
        """When the last commit of a session will be handed in, if that waits for something."""
        self._waiting: dict[Key, list[asyncio.Future[None]]] = {}
        """Who waits until no commit of a session is under way."""
        self._deferred = DeferredRows(self._write_out)

    def carry(self, session: Session, burst: Burst) -> None:
        """Commit a burst and then release it, or release it at once if nothing of it has to be stable."""
        if burst.parked is not None:
            logger.error(
                "session.parked",
                session=str(session.header.session),
                role=session.role,
                code=burst.parked.code,
                problem=burst.parked.text,
            )
        cause = self._tracing.cause(session.cause, session.role)
        began = time.time_ns()
        messages = self._tracing.outgoing(burst.messages, cause)
        released = self._release_early(session, burst, messages, cause)
        # an earlier burst (a query's reply, a clock) may not be stable yet, and must not be overtaken. And the inbox
        # may not have what the pivot is called for
        unproved = session.key in self._committing or self._unconfirmed.ahead(session.key)
        waits = not released and (unproved or self._asking.first(session, burst))
        if burst.forced or waits:
            self._deferred.forget(session)
            awaited = None if released else self._unconfirmed.unsaid(session.key)
            self._committing[session.key] += 1
            if not released:
                self._holding_up[session.key] += 1
            turn = self._take_turn(session.key, waits=bool(awaited))
            self._tasks.spawn([session.key], self._commit(session, burst, messages, cause, began, awaited, turn))
            self._deferred.final_now()
        else:
            self._tracing.carried(burst, (), cause, began)
            self._deferred.soon(session)
            if not released:
                self._release(session, burst, cause)

    def _release_early(
        self, session: Session, burst: Burst, messages: Sequence[Message], cause: dict[str, str]
    ) -> bool:
        """Release what may leave before the commit. Returns whether that is the whole burst."""
        may = (burst.early or burst.ahead) and session.key not in self._holding_up
        if self._early is None or not may or not self._asking.fenced(session):
            return False
        bound = ((message.header.bindings.get(message.receiver, ""), message) for message in messages[: burst.ahead])
        self._early.hand([(service, message) for service, message in bound if service != self._service])
        if burst.early:
            self._release(session, burst, cause)
        return burst.early

    async def stable(self, session: Session) -> None:
        """Write the session's present row, behind its commits that are under way: when this returns, all of them are in
        the log. Raises what the commit raises."""
        await self._unconfirmed.all_said(self._unconfirmed.unsaid(session.key))
        while session.key in self._committing:  # its row says more than the log has, until then
            await self._end_of_commits(session.key)
        heard = self._unconfirmed.waiting(session)
        await self._committer.commit(row_of(session, heard=heard))
        self._unconfirmed.written(heard)

    def _take_turn(self, key: Key, *, waits: bool) -> CommitTurn | None:
        """A place behind the last commit of a session that waits to be handed in; None if nothing is to be waited for.
        Two that wait for the same message may be woken in any order."""
        before = self._handing_in.get(key)
        if not waits and before is None:
            return None
        turn = CommitTurn(before, asyncio.get_running_loop().create_future())
        self._handing_in[key] = turn.own
        return turn

    async def _await_turn(
        self, key: Key, awaited: Sequence[EarlyHeard], before: asyncio.Future[None] | None, own: asyncio.Future[None]
    ) -> None:
        """Wait for what a commit depends on, and for those before it. The caller hands it in without a pause."""
        try:
            await self._unconfirmed.all_said(awaited)
            if before is not None:
                await asyncio.wait([before])
        finally:
            own.set_result(None)
            if self._handing_in.get(key) is own:
                del self._handing_in[key]

    async def _commit(
        self,
        session: Session,
        burst: Burst,
        messages: Sequence[Message],
        cause: dict[str, str],
        began: int,
        awaited: Sequence[EarlyHeard] | None,
        turn: CommitTurn | None = None,
    ) -> None:
        """Commit a burst, then release it. `awaited`: what its session had heard then, and nobody had said to be
        stored; None if it was released early. `turn`: its place among the commits of its session that wait."""
        released = awaited is None
        if turn is not None:
            await self._await_turn(session.key, awaited or (), *turn)
        heard = self._unconfirmed.waiting(session)
        commit = commit_of(session, burst, messages, self._service, dormant.deadline_of(session, self._clock), heard)
        before = self._holding.freshness.standing(shard_of(session.header.session))
        try:
            deliveries = await self._committer.commit(commit)
        except Exception as problem:
            self._sessions.refused(session, problem)
            return
        finally:
            for counted in (self._committing,) if released else (self._committing, self._holding_up):
                counted[session.key] -= 1
                if not counted[session.key]:
                    del counted[session.key]
            if session.key not in self._committing:
                for waiting in self._waiting.pop(session.key, ()):
                    if not waiting.done():
                        waiting.set_result(None)
        self._unconfirmed.written(heard)
        self._sessions.mended(session.key)
        crashpoints.reached("sidecar.after_commit")
        for timer in commit.timers:
            self._sessions.timer_set(timer.seconds)
        if burst.row.vote is not None:
            crashpoints.reached("sidecar.vote_committed")
        written = [*commit.messages, *commit.home]
        self._tracing.carried(burst, written, cause, began)
        self._delivered(written, deliveries)
        if not released:
            self._release(session, burst, cause)
        if burst.ended:
            self._finish(session, burst, cause)
        self._hand_over(commit, deliveries[len(commit.messages) :], before)
        self._rest(session)

    async def _end_of_commits(self, key: Key) -> None:
        """Wait until no commit of a session is under way."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(key, []).append(waiting)
        await waiting

    def _rest(self, session: Session) -> None:
        if session.key not in self._unconfirmed:
            self._sessions.rest(session)

    def _delivered(self, messages: Sequence[Message], deliveries: Sequence[Delivery]) -> None:
        for message, delivery in zip(messages, deliveries, strict=True):
            if ports.fate(delivery) is ports.Fate.NEVER:
                self._sessions.clashed(message, delivery)

    def _hand_over(self, commit: Commit, deliveries: Sequence[Delivery], before: tuple[int, int]) -> None:
        """Give the messages for other roles of this service to their sessions, in memory."""
        for message, delivery in zip(commit.home, deliveries, strict=True):
            if ports.fate(delivery) is ports.Fate.HERE:
                # also for `same`, since the first answer of the commit may have been lost. If the receiving session is
                # not in memory, the log is asked once per role, because it may be over
                whole = self._holding.is_whole(message.session)
                new = delivery is Delivery.STORED and message.kind in PROGRAMS and whole
                stale = self._holding.freshness.may_have(shard_of(message.session), before)
                self._sessions.arrive(message, known=not new or stale)

    def _release(self, session: Session, burst: Burst, cause: dict[str, str]) -> None:
        for call in burst.calls:
            self._asking.ask(session, call, cause)
        if burst.row.vote is not None or burst.ended:
            self._ended(burst.row)

    def _finish(self, session: Session, burst: Burst, cause: dict[str, str]) -> None:
        """The last phase is in the log: report it once, and drop the session."""
        if not self._holding.residences.is_live(session):
            return
        crashpoints.reached("sidecar.settle_committed")
        self._tracing.ended(burst, cause)
        logger.debug(
            "session.ended",
            session=str(session.header.session),
            role=session.role,
            choreography=session.header.choreography,
            outcome=burst.row.outcome,
        )
        self._holding.drop(session)

    # -- rows that only cache ----------------------------------------------------------------------

    def under_way(self, key: Key) -> bool:
        """Whether a commit of a session is under way, or its row is to be written."""
        return key in self._deferred or key in self._committing or key in self._unconfirmed

    def write_soon(self, session: Session) -> None:
        """Write the session's row within `lazy_write_ms`."""
        self._deferred.soon(session)

    def forget(self, session: Session) -> None:
        """Write no deferred row of a session that has left memory."""
        self._deferred.forget(session)

    def write_now(self) -> None:
        """Write all deferred rows now."""
        self._deferred.now()

    def stop(self) -> None:
        """Write no more deferred rows."""
        self._deferred.stop()

    def _write_out(self, session: Session) -> None:
        if self._holding.residences.is_live(session):
            self._tasks.spawn([session.key], self._write(session))

    async def _write(self, session: Session) -> None:
        await self._unconfirmed.all_said(self._unconfirmed.unsaid(session.key))
        if session.key in self._committing:  # a vote is not written without the messages that tell it
            self._deferred.soon(session)
            return
        row, heard = session.durable_row, self._unconfirmed.waiting(session)
        timers = dormant.deadline_of(session, self._clock)
        try:
            await self._committer.commit(row_of(session, timers, heard))
        except (LeaseLost, LogUnavailable, NotInInbox, PredecessorRefused) as problem:
            self._sessions.refused(session, problem)
            return
        self._unconfirmed.written(heard)
        # compare with the row that was written; if the session has changed since, it is marked for writing again
        if row.outcome is not None:
            self._finish(session, Burst(row=row, ended=True), self._tracing.cause(session.cause, session.role))
        else:
            for timer in timers:
                self._sessions.timer_set(timer.seconds)
            self._rest(session)
