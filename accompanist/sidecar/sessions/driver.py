"""The driver: feeds events to session cores and carries out their bursts, in the order that Rule 0 requires.

    event -> core -> burst -> one commit, shared with other bursts -> released: calls, wake-ups, answers to clients

A session handles one event at a time: the core is synchronous and the event loop has one thread. A core may be ahead of
the log by the bursts that are being committed. Nothing of a burst leaves before its commit, and a session's commits
keep their order.

A session commits under the epoch under which it was loaded (`Session.epoch`), never under the one that is held when its
commit is handed in: its shard may be lost and acquired again in between.

State model. A session is in memory, being loaded (its events wait), or only in the log. An idle one may be evicted at
any time; the next event rebuilds it by replay. If its shard is lost, a session is dropped: the new owner has everything
that was committed, and nothing else has left.

Failure handling. While the log does not answer, commits wait, and everything that depends on them. An impossible event,
or any exception in a session's core, parks that session only.

Not promised: fairness between sessions. A row that only caches the inbox is written late (`lazy_write_ms`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from uuid import UUID

import msgspec
import structlog

from accompanist import crashpoints, limits
from accompanist.runtime import ports
from accompanist.runtime.beginning import PROGRAMS
from accompanist.runtime.burst import Burst
from accompanist.runtime.events import DEADLINE_SITE, Arrived, Clashed, CloseAnswered, Deadline, Event, Fired
from accompanist.runtime.life import PredecessorRefused
from accompanist.runtime.log import SessionPort
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery, LeaseLost, LogUnavailable, Memory, SessionRow, Taken
from accompanist.runtime.session import Session
from accompanist.runtime.tombstone import leaves_one
from accompanist.sidecar.calls.attempts import Calls
from accompanist.sidecar.hosting import Programs
from accompanist.sidecar.sessions import dormant
from accompanist.sidecar.sessions.asking import Asking
from accompanist.sidecar.sessions.believing import Belief
from accompanist.sidecar.sessions.commits import Committer, commit_of, row_of
from accompanist.sidecar.sessions.damage import Damage, alone
from accompanist.sidecar.sessions.freshness import Key, shard_of
from accompanist.sidecar.sessions.holding import Holding
from accompanist.sidecar.sessions.loading import Loader
from accompanist.sidecar.sessions.parking import parked
from accompanist.sidecar.sessions.reading import Reader
from accompanist.sidecar.sessions.tasks import Tasks
from accompanist.sidecar.sessions.tombstones import Tombstones
from accompanist.sidecar.tracing import Tracing

logger = structlog.get_logger("accompanist.driver")


class Driver(Holding):
    """All sessions of one sidecar. `ended` is called for every session that votes, and again when it reaches its last
    phase; `clock` gives seconds since the epoch."""

    def __init__(
        self,
        service: str,
        programs: Programs,
        log: SessionPort,
        committer: Committer,
        calls: Calls,
        tracing: Tracing,
        ended: Callable[[SessionRow], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._service = service
        self._programs = programs
        self._log = log
        self._committer = committer
        self._calls = calls
        self._tracing = tracing
        self._belief = Belief(service, programs, tracing.refused)
        self._ended = ended
        self._clock = clock
        self._tasks = Tasks(self._damaged)
        self.end = self._tasks.end
        self._timer_set: Callable[[float], None] | None = None
        self._leases_fresh: Callable[[], bool] | None = None
        super().__init__(Asking(calls, self._tasks, self._again, self._heard, self.leases_fresh))
        self._loading: dict[Key, list[Message | Fired | Deadline | Clashed]] = {}
        self._loader = Loader(log, self._freshness, self._take_up, partial(self._damaged, reading=True))
        self.damage = Damage(log, committer, self.recover, self._belief.heading, self._sessions.__contains__)
        self._reader = Reader(self._loader, self._tasks, self._is_live, self._read)
        self._tombstones = Tombstones(committer, self._tasks, self._is_over, self._look_again, self._damaged)

    def attach(self, *, timer_set: Callable[[float], None], leases_fresh: Callable[[], bool]) -> None:
        """Register the loops: who is told of timers, in seconds, and who knows whether the leases are still held."""
        self._timer_set, self._leases_fresh = timer_set, leases_fresh

    def timer_set(self, seconds: float) -> None:
        if self._timer_set is not None:
            self._timer_set(seconds)

    def leases_fresh(self) -> bool:
        return self._leases_fresh is None or self._leases_fresh()

    def take(self, taken: Sequence[Taken]) -> Sequence[Taken]:
        """Handle messages from the inbox. Returns them as they are to be acknowledged: forged ones as refused, so that
        they are deleted."""
        self._tracing.taken(len(taken))
        judged: list[Taken] = []
        for entry in taken:
            judged.append(entry)
            key = (entry.message.session, entry.message.receiver)
            with alone(key, self._damaged):
                if self._belief.spoken(entry):
                    crashpoints.reached("sidecar.message_taken")
                    self._arrive(entry.message, known=entry.known or not self._freshness.is_fresh(key))
                else:
                    judged[-1] = msgspec.structs.replace(entry, refused=True)
        return judged

    async def hand_in(self, message: Message) -> Delivery | None:
        """Commit a client's message and hand it over in memory, if the session's shard is held here. None if it is not,
        or not any more."""
        shard = shard_of(message.session)
        if (epoch := self._epochs.get(shard)) is None:
            return None
        before = self._freshness.standing(shard)
        try:
            [delivery] = await self._committer.commit(Commit(shard=shard, epoch=epoch, home=(message,)))
        except LeaseLost:
            return None
        if ports.fate(delivery) is ports.Fate.HERE:
            # also for `same`: the first answer of the commit may have been lost before the message was handed over
            new = delivery is Delivery.STORED and message.kind is Kind.START
            self.arrive(message, known=not new or self._freshness.standing(shard) != before)
        return delivery

    def arrive(self, message: Message, *, known: bool) -> None:
        """Handle a message that is in the inbox. `known`: the log has a row of this session at this role."""
        with alone((message.session, message.receiver), self._damaged):
            self._arrive(message, known=known)

    def _arrive(self, message: Message, *, known: bool) -> None:
        key = (message.session, message.receiver)
        if not self.holds(message.session) or key in self._tombstones:
            return
        session = self._sessions.get(key)
        if not (self._belief.told(message) if session is None else self._belief.heard_by(session, message)):
            return
        if session is not None and session.has_to_know(message):
            self._reload(session, message)
        elif session is not None:
            self._feed(session, Arrived(message))
        elif key in self._loading:
            self._loading[key].append(message)
        elif known or key in self._left or dormant.may_wait_in_the_log(message, self._programs):
            self._loading[key] = [message]
            self._tasks.spawn([key], self._loader.load([key]))
        else:
            self._begin(message)

    def fire(self, due: Sequence[tuple[UUID, str, str]]) -> None:
        """Handle timers that are due, as (session, role, site). One that no session handles fires again later."""
        self._tell(((of, role), Deadline() if site == DEADLINE_SITE else Fired(site)) for of, role, site in due)

    def clashed(self, message: Message, answer: Delivery) -> None:
        """A receiver will never take this message, for instance because it has other content under its identity."""
        self._tell([((message.session, message.sender), Clashed(message.site, message.receiver, answer))])

    def undelivered(self, found: Iterable[ports.Undelivered]) -> None:
        """Tell sessions of messages in the outbox that will never be delivered."""
        self._tell(
            ((one.session, one.sender), Clashed(one.site, one.receiver, one.answer, one.service)) for one in found
        )

    def _tell(self, news: Iterable[tuple[Key, Fired | Deadline | Clashed]]) -> None:
        """Feed events that are no messages to their sessions; those that are not in memory are loaded first."""
        absent: list[Key] = []
        for key, event in news:
            if (live := self._sessions.get(key)) is not None:
                with alone(key, self._damaged):
                    self._hear(live, event)
            elif key in self._loading:
                self._loading[key].append(event)
            elif self.holds(key[0]):
                self._loading[key] = [event]
                absent.append(key)
        for at in range(0, len(absent), limits.load_sessions_max):
            batch = absent[at : at + limits.load_sessions_max]
            self._tasks.spawn(batch, self._loader.load(batch))

    def _hear(self, session: Session, event: Fired | Deadline | Clashed) -> None:
        self._feed(session, event)
        if isinstance(event, Deadline):
            self._tasks.spawn([session.key], self._end_deadline(session))

    async def _end_deadline(self, session: Session) -> None:
        """Remove a deadline's timer after it was handled, once the session's commits before are stable."""
        try:
            await self._committer.commit(row_of(session))
            await self._log.end_timer(*session.key, DEADLINE_SITE)
        except (LeaseLost, LogUnavailable, PredecessorRefused):  # the timer fires again, here or elsewhere
            return

    def _begin(self, message: Message) -> None:
        if message.kind is Kind.EVENT:
            return  # an event stays in the inbox until the program asks for it
        if self._programs.program(message.header, message.receiver) is None:
            logger.debug("message.unhostable", session=str(message.session), choreography=message.header.choreography)
            self.unhosted[message.session, message.receiver] = message.header.fingerprint
            return
        if (program := self._belief.beginning(message)) is None:
            return
        if leaves_one(message, self._service):
            self._tombstones.leave(message, program, self.epoch_of(message.session))
            return
        session = Session.begin(program, message)
        self._admit(session, starts=message.kind is Kind.START)
        self._feed(session, Arrived(message))

    def _is_over(self, row: SessionRow) -> None:
        """A tombstone was written. Answers that the log gave before it are stale."""
        self._freshness.left((row.header.session, row.role))
        self.damage.mended((row.header.session, row.role))
        self._ended(row)

    async def recover(self, keys: Sequence[Key]) -> None:
        """Load sessions from the log: at the start, after a take-over, and when the answer of a `take` may have been
        lost. A session in memory gets its whole inbox again, which is harmless."""
        keys = [key for key in keys if key not in self._loading and key not in self._tombstones]
        self._freshness.swept(keys)
        for at in range(0, len(keys), limits.load_sessions_max):
            batch = keys[at : at + limits.load_sessions_max]
            self._loading.update((key, []) for key in batch if key not in self._sessions)
            await self._loader.load(batch)

    def _take_up(self, key: Key, memory: Memory) -> None:
        """Take up a loaded session. Exceptions go to the loader."""
        self._go_on(key, memory)
        self.damage.was_read(key)

    def _go_on(self, key: Key, memory: Memory) -> None:
        """Go on with a loaded session, and with the events that arrived in the meantime."""
        waiting = self._loading.pop(key, [])
        if (live := self._sessions.get(key)) is not None:
            # after a lost `take`, it may not have got some of these
            waiting.extend(memory.inbox)
            if memory.more:
                live.heard_in_part()
                self._reader.read_on(live)
        elif self.holds(key[0]):
            self._rebuild(key, memory, alone=not waiting)
        if memory.session is None and memory.inbox and key not in self._sessions:
            # when the log was read, no message had begun it; later ones, which are in the log by now, may
            read = {message.key for message in memory.inbox}
            since = dormant.first_of(tuple(what for what in waiting if isinstance(what, Message)), read)
            if since is not None:
                self._arrive(since, known=True)
            return
        # a session that is still not in memory is over, or not held here
        for what in waiting if key in self._sessions else ():
            if isinstance(what, Message):
                self._arrive(what, known=True)
            elif (session := self._sessions.get(key)) is not None:
                self._hear(session, what)

    def _rebuild(self, key: Key, memory: Memory, alone: bool) -> None:
        row = memory.session
        begun = (message for message in memory.inbox if not leaves_one(message, self._service))
        header = self._belief.heading(begun) if row is None else row.header
        if header is None or (row is not None and row.outcome is not None):
            self._left.discard(key)
            self.unhosted.pop(key, None)
            for message in memory.inbox if row is None else ():
                self._begin(message)  # it may be of a version that is not hosted yet, or leave a tombstone
            return
        version = row.version if row is not None else header
        program = self._programs.program(version, key[1])
        if program is None:
            logger.debug("session.unhostable", session=str(key[0]), choreography=header.choreography)
            self.unhosted[key] = version.fingerprint
            return
        memory = self._belief.inbox(memory, header, program)
        try:
            session, bursts = Session.recover(program, memory)
        except BaseException as problem:
            session = Session(program, row) if row is not None else Session.beginning(program, memory)
            session.epoch = self._epochs.get(shard_of(key[0]))
            self._left.add(key)  # tried again when something comes for it
            if (burst := parked(session, problem)).row.parked != (row and row.parked):
                self._carry(session, burst)
            return
        if alone and session.rests and row == session.durable_row and not any(burst.forced for burst in bursts):
            return  # it waits as it did, and owes nothing
        self._admit(session)
        for burst in bursts:
            self._carry(session, burst)
        if session.outdated:
            self._again_from_the_log(session)

    def _is_live(self, session: Session) -> bool:
        return self._sessions.get(session.key) is session

    def _read(self, session: Session, message: Message) -> None:
        if self._belief.heard_by(session, message):
            self._feed(session, Arrived(message))

    def _reload(self, session: Session, order: Message | None = None) -> None:
        """Reload a session with its whole inbox, because the next decision needs all of its messages."""
        self._drop(session)
        self._loading[session.key] = [] if order is None else [order]
        self._tasks.spawn([session.key], self._make_again(session, whole=True))

    def _feed(self, session: Session, event: Event) -> None:
        """Let a session handle an event. Any exception, caused by a peer or by a bug, parks this session only. A
        session left in an inconsistent state is loaded again from the log."""
        try:
            burst = session.handle(event)
        except BaseException as problem:  # the core never awaits, so this is no cancellation
            burst = parked(session, problem, event)
        self._carry(session, burst)
        if session.spoilt or session.outdated:
            self._again_from_the_log(session)

    def _again_from_the_log(self, session: Session) -> None:
        self._drop(session)
        self._loading[session.key] = []
        self._tasks.spawn([session.key], self._make_again(session))

    async def _make_again(self, session: Session, *, whole: bool = False) -> None:
        try:
            await self._committer.commit(row_of(session))
        except Exception as problem:
            if session.key not in self._left:  # else it is damaged, and another run of it is being loaded
                self._loading.pop(session.key, None)
            self._refused(session, problem)
            return
        await self._loader.load([session.key], whole=whole)

    def _carry(self, session: Session, burst: Burst) -> None:
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
        # an earlier burst (a query's reply, a clock) may not be stable yet, and must not be overtaken (Rule 0)
        if burst.forced or session.key in self._committing or self.asking.first(session, burst):
            self._dirty.forget(session)
            self._committing[session.key] += 1
            self._tasks.spawn([session.key], self._commit(session, burst, cause, began))
        else:
            self._tracing.carried(burst, (), cause, began)
            self._dirty.soon(session)
            self._release(session, burst, cause)
        self._reader.read_on(session)

    async def _commit(self, session: Session, burst: Burst, cause: dict[str, str], began: int) -> None:
        """Commit a burst, then release it."""
        messages = self._tracing.outgoing(burst.messages, cause)
        commit = commit_of(session, burst, messages, self._service, dormant.deadline_of(session, self._clock))
        shard = shard_of(session.header.session)
        before = self._freshness.standing(shard)
        try:
            deliveries = await self._committer.commit(commit)
        except Exception as problem:
            self._refused(session, problem)
            return
        finally:
            self._committing[session.key] -= 1
            if not self._committing[session.key]:
                del self._committing[session.key]
        self.damage.mended(session.key)
        crashpoints.reached("sidecar.after_commit")
        for timer in commit.timers:
            self.timer_set(timer.seconds)
        if burst.row.vote is not None:
            crashpoints.reached("sidecar.vote_committed")
        written = [*commit.messages, *commit.home]
        self._tracing.carried(burst, written, cause, began)
        self._delivered(written, deliveries)
        self._release(session, burst, cause)
        if burst.ended:
            self._finish(session, burst, cause)
        for message, delivery in zip(commit.home, deliveries[len(commit.messages) :], strict=True):
            if ports.fate(delivery) is ports.Fate.HERE:
                # also for `same`, since the first answer of the commit may have been lost. If the receiving session is
                # not in memory, the log is asked once per role, because it may be over
                new = delivery is Delivery.STORED and message.kind in PROGRAMS and message.session in self._whole
                self.arrive(message, known=not new or self._freshness.may_have(shard, before))
        self._rest(session)

    def _rest(self, session: Session) -> None:
        """Evict a session that waits for time or an event, once all of it is in the log."""
        if session.rests and self._sessions.get(session.key) is session:
            if session.listens:
                self._tasks.spawn([session.key], self._look(session))
            else:
                self._leave(session)

    async def _look(self, session: Session) -> None:
        """Check the inbox for an event that came before its session. Later events find the session or its row."""
        [memory] = await self._loader.read([session.key])
        for message in memory.inbox:
            if message.kind is Kind.EVENT and self._sessions.get(session.key) is session:
                self.arrive(message, known=True)
        self._leave(session)

    def _leave(self, session: Session) -> None:
        if session.rests and session.key not in self._dirty and session.key not in self._committing:
            self._drop(session)

    def _delivered(self, messages: Sequence[Message], deliveries: Sequence[Delivery]) -> None:
        for message, delivery in zip(messages, deliveries, strict=True):
            if ports.fate(delivery) is ports.Fate.CLASH:
                self.clashed(message, delivery)

    def _release(self, session: Session, burst: Burst, cause: dict[str, str]) -> None:
        for call in burst.calls:
            self.asking.ask(session, call, cause)
        if burst.row.vote is not None or burst.ended:
            self._ended(burst.row)

    def _finish(self, session: Session, burst: Burst, cause: dict[str, str]) -> None:
        """The last phase is in the log: report it once, and drop the session."""
        if self._sessions.get(session.key) is not session:
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
        self._drop(session)

    def _heard(self, session: Session, event: Event) -> None:
        if self._sessions.get(session.key) is session:
            session.retried(0)
            if isinstance(event, CloseAnswered) and event.executed is None and not session.knows_its_past:
                self._reload(session)  # after that it closes again, and knows which calls its program has made
            else:
                self._feed(session, event)

    def _again(self, session: Session, attempts: int, trouble: str) -> None:
        """Record in the session's row that attempts of a call have failed, for people to see."""
        if self._sessions.get(session.key) is session:
            session.retried(attempts, trouble)
            self._dirty.soon(session)

    def _write_out(self, session: Session) -> None:
        if self._sessions.get(session.key) is session:
            self._tasks.spawn([session.key], self._write(session))

    async def _write(self, session: Session) -> None:
        row = session.durable_row
        timers = dormant.deadline_of(session, self._clock)
        try:
            await self._committer.commit(row_of(session, timers))
        except (LeaseLost, LogUnavailable, PredecessorRefused) as problem:
            self._refused(session, problem)
            return
        # compare with the row that was written; if the session has changed since, it is marked for writing again
        if row.outcome is not None:
            self._finish(session, Burst(row=row, ended=True), self._tracing.cause(session.cause, session.role))
        else:
            for timer in timers:
                self.timer_set(timer.seconds)
            self._rest(session)

    def _refused(self, session: Session, problem: Exception) -> None:
        """A commit failed, so nothing of its burst may leave. If the log refused its content, an immediate retry would
        fail again: the session is marked as damaged and retried later."""
        if isinstance(problem, LeaseLost | LogUnavailable):
            self._give_up(session)
        elif not isinstance(problem, PredecessorRefused):  # else the predecessor's own failure is handled
            self._damaged(session.key, problem)

    def _damaged(self, key: Key, problem: BaseException, *, reading: bool = False) -> None:
        """Mark a session as damaged: it is dropped from memory and retried later."""
        self._loading.pop(key, None)
        self.damage.note(key, problem, reading=reading)
        if (session := self._sessions.get(key)) is not None:
            self._drop(session)
        self._left.add(key)  # a message for it must not begin it as a new session

    async def drain(self, seconds: float) -> None:
        """Let work under way finish within so many seconds, then stop. Everything left is in the log."""
        self._dirty.now()
        await self._tasks.drain(seconds)
        self._dirty.stop()
