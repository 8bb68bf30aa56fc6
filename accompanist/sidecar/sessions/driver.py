"""The driver: gives each event to the session that it is for, and its decision to the output commit.

    event -> where is the session? -> core -> burst -> `output_commit`

    live       the core handles the event: one at a time, since the core is synchronous and the loop has one thread
    loading    the event waits
    else       the session is loaded from the log (`recovery`), or begins, or a tombstone is left for it (`tombstones`)

`residence` has the states; `holding` the shards; `eviction` says who leaves memory; `damage` tries again what the log
refuses. A core may be ahead of the log by the bursts that are being committed. If its shard is lost, a session is
dropped: the new owner has everything that was committed, and nothing else has left.

Failure handling. While the log does not answer, commits wait, and everything that depends on them. An impossible event,
or any exception in a session's core, parks that session only.

Not promised: fairness between sessions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

import msgspec
import structlog

from accompanist import crashpoints
from accompanist.runtime import ports
from accompanist.runtime.burst import Burst
from accompanist.runtime.dependent_commits import PredecessorRefused
from accompanist.runtime.events import DEADLINE_SITE, Arrived, Clashed, CloseAnswered, Deadline, Event, Fired
from accompanist.runtime.log import SessionPort
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery, InboxEntry, LeaseLost, LogUnavailable, NotInInbox, SessionRow
from accompanist.runtime.session import Session
from accompanist.runtime.tombstone import leaves_one
from accompanist.sidecar.calls.attempts import Calls
from accompanist.sidecar.hosting import Programs
from accompanist.sidecar.sessions import dormant
from accompanist.sidecar.sessions.asking import Asking
from accompanist.sidecar.sessions.believing import Belief
from accompanist.sidecar.sessions.commits import Committer
from accompanist.sidecar.sessions.damage import Damage, alone
from accompanist.sidecar.sessions.early import EarlyRelease, Unconfirmed
from accompanist.sidecar.sessions.eviction import Eviction
from accompanist.sidecar.sessions.freshness import Key, shard_of
from accompanist.sidecar.sessions.holding import Holding
from accompanist.sidecar.sessions.output_commit import OutputCommit
from accompanist.sidecar.sessions.parking import parked
from accompanist.sidecar.sessions.recovery import Recovery
from accompanist.sidecar.sessions.residence import Residence, ResidenceMove
from accompanist.sidecar.sessions.tasks import Tasks
from accompanist.sidecar.sessions.tombstones import Tombstones
from accompanist.sidecar.tracing import Tracing

logger = structlog.get_logger("accompanist.driver")

EARLY = frozenset({Kind.DATA, Kind.CHOICE})
"""The kinds of messages that are heard early."""


class Driver:
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
        early: EarlyRelease | None = None,
    ) -> None:
        self._service = service
        self._early = early
        self._closes_unknown = False
        """Whether sessions that the log does not know may have done something here: messages were heard early."""
        self._programs = programs
        self._log = log
        self._committer = committer
        self._tracing = tracing
        self._ended = ended
        self._timer_set: Callable[[float], None] | None = None
        self._leases_fresh: Callable[[], bool] | None = None
        self._belief = Belief(service, programs, tracing.refused)
        self._tasks = Tasks(self.damaged)
        self.limits = calls.limits
        self.asking = Asking(calls, self._tasks, self._again, self._heard, self.leases_fresh)
        self.holding = Holding(self.asking.acquired, self._dropped)
        self._residences = self.holding.residences
        self.unconfirmed = Unconfirmed(early.store if early is not None else None, self._tasks, self._misheard)
        self._output = OutputCommit(
            service,
            committer,
            tracing,
            self._tasks,
            self.holding,
            self.asking,
            self,
            ended,
            clock,
            early,
            self.unconfirmed,
        )
        self._recovery = Recovery(programs, log, self._belief, self._tasks, self.holding, self._output, self)
        self._eviction = Eviction(
            self.holding, self._tasks, self._output.under_way, self._recovery.memory_of, self.arrive
        )
        self.damage = Damage(log, committer, self.recover, self._belief.heading, self._residences.live.__contains__)
        self._tombstones = Tombstones(
            committer, self._tasks, self._tombstone_written, self._tombstone_lost, self._tombstone_refused
        )

    def attach(self, *, timer_set: Callable[[float], None], leases_fresh: Callable[[], bool]) -> None:
        """Register the loops. `timer_set` is called for each timer that is set, with the seconds until it is due;
        `leases_fresh` says whether the leases are still held, as far as a clock can tell."""
        self._timer_set, self._leases_fresh = timer_set, leases_fresh

    def timer_set(self, seconds: float) -> None:
        """Tell the loops of a timer that is due in so many seconds."""
        if self._timer_set is not None:
            self._timer_set(seconds)

    def leases_fresh(self) -> bool:
        """Whether the leases are still held, as far as a clock can tell."""
        return self._leases_fresh is None or self._leases_fresh()

    def session(self, session: UUID, role: str) -> Session | None:
        """The session at a role, if it is in memory."""
        return self.holding.session((session, role))

    @property
    def unhosted(self) -> Mapping[Key, str]:
        """Open sessions whose version is not hosted here, or not yet (`sidecar.versions`), with its fingerprint."""
        return self._residences.unhosted

    def found_version(self, key: Key) -> None:
        """The version of an open session is hosted now, so it is not unhosted any more. The caller has it recovered."""
        self._residences.found(key)

    async def recover(self, keys: Sequence[Key]) -> None:
        """Load sessions from the log: at the start, after a take-over, and when the answer of a `take` may have been
        lost."""
        await self._recovery.recover(keys)

    # -- what comes in -----------------------------------------------------------------------------

    def take(self, taken: Sequence[InboxEntry]) -> Sequence[InboxEntry]:
        """Handle messages from the inbox. Returns them as they are to be acknowledged: forged ones as refused, so that
        they are deleted."""
        self._tracing.taken(len(taken))
        judged: list[InboxEntry] = []
        for entry in taken:
            judged.append(entry)
            key = (entry.message.session, entry.message.receiver)
            with alone(key, self.damaged):
                if self._belief.spoken(entry):
                    crashpoints.reached("sidecar.message_taken")
                    self.arrive_now(entry.message, known=entry.known or not self.holding.freshness.is_fresh(key))
                else:
                    judged[-1] = msgspec.structs.replace(entry, refused=True)
        return judged

    def handed(self, entry: InboxEntry, *, known: bool) -> bool:
        """Handle a message that a peer has handed over; the inbox has it, too. `known`: as for `arrive`. Returns False
        if it is not believed."""
        key = (entry.message.session, entry.message.receiver)
        if not self._belief.spoken(entry):
            return False
        self._tracing.taken(1)
        with alone(key, self.damaged):
            crashpoints.reached("sidecar.message_taken")
            self.arrive_now(entry.message, known=known)
            if (session := self.holding.session(key)) is not None:
                self.unconfirmed.queued(session, entry)
        return True

    def handed_early(self, entry: InboxEntry, *, said: bool = False) -> bool:
        """Handle a message that no log may have yet, for a session that is in memory, or that is not known to the log:
        it begins one. `said`: its sender says that it has committed it, and the session is in memory. Returns False if
        it is not believed, or nothing may be done about it yet."""
        message = entry.message
        key = (message.session, message.receiver)
        early = message.kind in EARLY or (said and message.kind is Kind.DONE)
        if self._early is None or not early or not self._belief.spoken(entry):
            return False
        if self.unconfirmed.distrusts(entry.sender_service):
            return False
        session = self.holding.session(key)
        if session is None:
            return not said and self._begin_early(key, entry)
        if not (self._belief.heard_by(session, message) and session.hears_early(message)):
            return False
        self._tracing.taken(1)
        self.unconfirmed.heard(session, entry, said=said)
        with alone(key, self.damaged):
            crashpoints.reached("sidecar.message_taken")
            self._feed(session, Arrived(message))
        self.unconfirmed.heeded(session, message)
        return True

    def _begin_early(self, key: Key, entry: InboxEntry) -> bool:
        message = entry.message
        held, state = self.holding.holds(message.session), self._residences.state(key)
        if not held or state is not Residence.ABSENT or not self._belief.told(message):
            return False
        program = self._belief.beginning(message)
        if program is None or dormant.may_wait_in_the_log(message, self._programs):
            return False
        if self._early is None or self._early.crowded(entry.sender_service):
            return False
        self._tracing.taken(1)
        session = Session.begin(program, message)
        self.unconfirmed.heard(session, entry, said=False)
        with alone(key, self.damaged):
            crashpoints.reached("sidecar.message_taken")
            self.admit(session)
            self._feed(session, Arrived(message))
        return True

    async def hand_in(self, message: Message) -> Delivery | None:
        """Commit a client's message and hand it over in memory, if the session's shard is held here. None if it is not,
        or not any more."""
        shard, freshness = shard_of(message.session), self.holding.freshness
        if (epoch := self.holding.epoch_of(message.session)) is None:
            return None
        before = freshness.standing(shard)
        try:
            [delivery] = await self._committer.commit(Commit(shard=shard, epoch=epoch, home=(message,)))
        except LeaseLost:
            return None
        if ports.fate(delivery) is ports.Fate.HERE:
            # also for `same`: the first answer of the commit may have been lost before the message was handed over
            new = delivery is Delivery.STORED and message.kind is Kind.START
            self.arrive(message, known=not new or freshness.standing(shard) != before)
        return delivery

    def arrive(self, message: Message, *, known: bool) -> None:
        """Handle a message that is in the inbox. `known`: the log has a row of this session at this role."""
        with alone((message.session, message.receiver), self.damaged):
            self.arrive_now(message, known=known)

    def arrive_now(self, message: Message, *, known: bool) -> None:
        """Handle a message that is in the inbox. What it raises is its session's."""
        key = (message.session, message.receiver)
        state = self._residences.state(key)
        if not self.holding.holds(message.session) or state is Residence.TOMBSTONE:
            return
        session = self.holding.session(key)
        if not (self._belief.told(message) if session is None else self._belief.heard_by(session, message)):
            return
        if self.unconfirmed.confirmed(session, message) and session is not None and session.has(message):
            return
        session = self.holding.session(key)
        if session is not None and session.has_to_know(message):
            self._recovery.reload(session, message, whole=True)
        elif session is not None:
            self._feed(session, Arrived(message))
        elif state is Residence.LOADING:
            self._residences.wait(key, message)
        elif known or self._is_in_the_log(state, message) or dormant.may_wait_in_the_log(message, self._programs):
            self._residences.wait(key, message)
            self._recovery.load([key])
        else:
            self.begin(message)

    def _is_in_the_log(self, state: Residence, message: Message) -> bool:
        """Whether the log has more of the session than this message. Messages that came before their version was hosted
        were taken, and are in the inbox alone: a session that began now would never get them."""
        hosted = self._programs.program(message.header, message.receiver) is not None
        return state is Residence.EVICTED or (state is Residence.UNHOSTED and hosted)

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

    def _tell(self, told: Iterable[tuple[Key, Fired | Deadline | Clashed]]) -> None:
        """Feed events that are no messages to their sessions; those that are not in memory are loaded first. Where a
        tombstone is written, there is no session to tell."""
        absent: list[Key] = []
        for key, event in told:
            state = self._residences.state(key)
            if (live := self.holding.session(key)) is not None:
                with alone(key, self.damaged):
                    self.hear(live, event)
            elif state is Residence.LOADING:
                self._residences.wait(key, event)
            elif state is not Residence.TOMBSTONE and self.holding.holds(key[0]):
                self._residences.wait(key, event)
                absent.append(key)
        self._recovery.load(absent)

    def begin(self, message: Message) -> None:
        """Begin the session of a message, if it may begin one here, or leave a tombstone for it."""
        key = (message.session, message.receiver)
        if message.kind is Kind.EVENT or self._residences.state(key) is Residence.TOMBSTONE:
            return  # an event stays in the inbox until the program asks for it
        if self._programs.program(message.header, message.receiver) is None:
            logger.debug("message.unhostable", session=str(message.session), choreography=message.header.choreography)
            self._residences.miss(key, message.header.fingerprint)
            return
        if (program := self._belief.beginning(message)) is None:
            return
        if self.leaves_tombstone(message):
            self._residences.move(key, ResidenceMove.BURY)
            self._tombstones.leave(message, program, self.holding.epoch_of(message.session))
            return
        session = Session.begin(program, message)
        self.admit(session, starts=message.kind is Kind.START)
        self._feed(session, Arrived(message))

    async def about_to_hold(self, epochs: Mapping[int, int]) -> None:
        """Before new shards are held: ask the log whether a sidecar of this service has ever heard messages early, as
        their last owner may have; or record it there, before this one does. Raises LogUnavailable."""
        if not self._closes_unknown and self.holding.gains(epochs):
            self._closes_unknown = await self._log.released_early(about_to=self._early is not None)

    def leaves_tombstone(self, message: Message) -> bool:
        """Whether a message for an unknown session leaves a tombstone. Where messages were ever heard early, a role
        with transactions may have forgotten what it has done: its worker is closed, and says so."""
        program = self._programs.program(message.header, message.receiver)
        closes = self._closes_unknown and program is not None and program.projection.transacts
        return leaves_one(message, self._service, closes=closes)

    def admit(self, session: Session, *, starts: bool = False) -> None:
        """Take a session into memory, and make room for it."""
        self.holding.admit(session, starts=starts)
        self._eviction.make_room()

    # -- deciding ----------------------------------------------------------------------------------

    def _feed(self, session: Session, event: Event) -> None:
        """Let a session handle an event. Any exception, caused by a peer or by a bug, parks this session only. A
        session left in an inconsistent state is loaded again from the log."""
        try:
            burst = session.handle(event)
        except BaseException as problem:  # the core never awaits, so this is no cancellation
            burst = parked(session, problem, event)
        self.carry(session, burst)
        if session.spoilt or session.outdated:
            self._recovery.reload(session)

    def carry(self, session: Session, burst: Burst) -> None:
        """Carry out what a session has decided, in the order that Rule 0 requires."""
        self._output.carry(session, burst)
        self._recovery.read_on(session)

    def read(self, session: Session, message: Message) -> None:
        """Give a session a message that was read for it, from those that are too many for memory."""
        if self._belief.heard_by(session, message):
            self._feed(session, Arrived(message))

    def hear(self, session: Session, event: Fired | Deadline | Clashed) -> None:
        """Give a session in memory an event that is no message."""
        self._feed(session, event)
        if isinstance(event, Deadline):
            self._tasks.spawn([session.key], self._end_deadline(session))

    async def _end_deadline(self, session: Session) -> None:
        """Remove a deadline's timer after it was handled, once the session's commits before are stable."""
        try:
            await self._output.stable(session)
            await self._log.end_timer(*session.key, DEADLINE_SITE)
        except (LeaseLost, LogUnavailable, PredecessorRefused):  # the timer fires again, here or elsewhere
            return

    def _heard(self, session: Session, event: Event) -> None:
        """Handle a worker's answer."""
        if self._residences.is_live(session):
            session.retried(0)
            if isinstance(event, CloseAnswered) and event.executed is None and not session.knows_its_past:
                # after that it closes again, and knows which calls its program has made
                self._recovery.reload(session, whole=True)
            else:
                self._feed(session, event)

    def _again(self, session: Session, attempts: int, trouble: str) -> None:
        """Record in the session's row that attempts of a call have failed, for people to see."""
        if self._residences.is_live(session):
            session.retried(attempts, trouble)
            self._output.write_soon(session)

    def _misheard(self, session: Session) -> None:
        """A session has heard what its inbox does not have: nothing more of it may be written. It is loaded again as
        the log has it, and nothing else of its shard: who lies about a message is to cost no more than that."""
        session.life.refused = True
        key, held = session.key, self.holding.holds(session.header.session)
        if self.holding.drop(session, ResidenceMove.RELOAD):
            self.unconfirmed.dropped(session)
        elif held and self._residences.state(key) is Residence.ABSENT:
            self._residences.move(key, ResidenceMove.LOAD)
        else:
            return  # another run of it is in memory, is read, or will be
        self._recovery.load([key])

    # -- what became of it ---------------------------------------------------------------------------

    def rest(self, session: Session) -> None:
        """All of a session is in the log: if it is dormant, it leaves memory."""
        self._eviction.rest(session)

    def _dropped(self, session: Session) -> None:
        """A session has left memory. One that is loaded again is written first, with all that it has heard."""
        self._output.forget(session)
        self.asking.drop(session)
        if self._residences.state(session.key) is not Residence.LOADING:
            self.unconfirmed.dropped(session)

    def refused(self, session: Session, problem: Exception) -> None:
        """A commit failed, so nothing of its burst may leave. If the log refused its content, an immediate retry would
        fail again: the session is marked as damaged and retried later."""
        if isinstance(problem, NotInInbox):
            self.unconfirmed.disproved(session)
        if not self._residences.is_live(session):
            self.unconfirmed.dropped(session)
        if isinstance(problem, LeaseLost | LogUnavailable):
            self.holding.give_up(session)
        elif isinstance(problem, NotInInbox):
            self._misheard(session)
        elif not isinstance(problem, PredecessorRefused):  # else the predecessor's own failure is handled
            self.damaged(session.key, problem)

    def damaged(self, key: Key, problem: BaseException, *, reading: bool = False) -> None:
        """Mark a session as damaged: it is dropped from memory and retried later. A message for it must not begin it
        as a new session."""
        self.damage.note(key, problem, reading=reading)
        session = self.holding.session(key)
        if session is None or not self.holding.drop(session, ResidenceMove.BREAK):
            self._residences.move(key, ResidenceMove.BREAK)

    def mended(self, key: Key) -> None:
        """A session was written: it goes on, if it was damaged."""
        self.damage.mended(key)

    def was_read(self, key: Key) -> None:
        """A session was read: it goes on, if only reading it had failed."""
        self.damage.was_read(key)

    def _tombstone_written(self, row: SessionRow) -> None:
        """A session is over before it began. Answers that the log gave before that are stale."""
        key = (row.header.session, row.role)
        self._residences.move(key, ResidenceMove.BURIED)
        self.holding.freshness.left(key)
        self.damage.mended(key)
        self._ended(row)

    def _tombstone_lost(self, key: Key) -> None:
        """A tombstone could not be written now. The next sweep of its shard, here or elsewhere, finds its message."""
        self._residences.move(key, ResidenceMove.BURIED)
        self.holding.look_again(key[0])

    def _tombstone_refused(self, key: Key, problem: BaseException) -> None:
        self._residences.move(key, ResidenceMove.BURIED)
        self.damaged(key, problem)

    # -- the end -----------------------------------------------------------------------------------

    def end(self) -> None:
        """The process is about to end: ignore how its tasks end."""
        self._tasks.end()

    async def drain(self, seconds: float) -> None:
        """Let work under way finish within so many seconds, then stop. Everything left is in the log."""
        self._output.write_now()
        await self._tasks.drain(seconds)
        self.unconfirmed.stop()
        self._output.stop()
