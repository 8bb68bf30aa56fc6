"""Recovery: rebuilds sessions from the log by replay, and gives them what came while they were read.

Sessions are loaded when something comes for one that is not in memory, at the start and after a take-over (`recover`),
and when one that is in memory cannot go on without what only the log has (`reload`).

The answer to a load may be late. What it finds then (docs/durability.md):

    the session is live         it gets its whole inbox again, which is harmless
    a tombstone is written      the answer is ignored: the tombstone decides
    the shard is not held       nothing: its next owner finds everything that was committed
    it is over in the log       nothing is kept of it
    it is dormant, and was      it stays in the log alone
    read for nothing new
    its version is not hosted   it waits for the version (`sidecar.versions`)
    it cannot be rebuilt        it is parked in the log, and tried again when something comes for it
    else                        it is admitted to memory, and carries out what it owes

Not promised: that what waits for a session which turns out to be over or not held here is told to anybody. It is in the
inbox, or comes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Protocol

import structlog

from accompanist import limits
from accompanist.runtime.burst import Burst
from accompanist.runtime.events import Clashed, Deadline, Fired
from accompanist.runtime.log import SessionPort
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Memory, SessionRow
from accompanist.runtime.session import Session
from accompanist.sidecar.hosting import Programs
from accompanist.sidecar.sessions import dormant
from accompanist.sidecar.sessions.believing import Belief
from accompanist.sidecar.sessions.freshness import Key
from accompanist.sidecar.sessions.holding import Holding
from accompanist.sidecar.sessions.loading import Loader
from accompanist.sidecar.sessions.output_commit import OutputCommit
from accompanist.sidecar.sessions.parking import parked
from accompanist.sidecar.sessions.reading import Reader
from accompanist.sidecar.sessions.residence import Residence, ResidenceMove, Waiting
from accompanist.sidecar.sessions.tasks import Tasks

logger = structlog.get_logger("accompanist.driver")


class SessionHost(Protocol):
    """Whoever goes on with sessions: `driver.Driver`."""

    def admit(self, session: Session) -> None: ...

    def arrive_now(self, message: Message, *, known: bool) -> None: ...

    def begin(self, message: Message) -> None: ...

    def carry(self, session: Session, burst: Burst) -> None: ...

    def damaged(self, key: Key, problem: BaseException, *, reading: bool = False) -> None: ...

    def leaves_tombstone(self, message: Message) -> bool: ...

    def hear(self, session: Session, event: Fired | Deadline | Clashed) -> None: ...

    def read(self, session: Session, message: Message) -> None: ...

    def refused(self, session: Session, problem: Exception) -> None: ...

    def was_read(self, key: Key) -> None: ...


class Recovery:
    """The loads of one sidecar's sessions."""

    def __init__(
        self,
        programs: Programs,
        log: SessionPort,
        belief: Belief,
        tasks: Tasks,
        holding: Holding,
        output: OutputCommit,
        sessions: SessionHost,
    ) -> None:
        self._programs = programs
        self._belief = belief
        self._tasks = tasks
        self._holding = holding
        self._residences = holding.residences
        self._output = output
        self._sessions = sessions
        self._loader = Loader(log, holding.freshness, self._take_up, partial(sessions.damaged, reading=True))
        self._reader = Reader(self._loader, tasks, holding.residences.is_live, sessions.read)

    async def recover(self, keys: Sequence[Key]) -> None:
        """Load sessions from the log: at the start, after a take-over, and when the answer of a `take` may have been
        lost. A session in memory gets its whole inbox again, which is harmless."""
        keys = self._to_load(keys)
        self._holding.freshness.swept(keys)
        for at in range(0, len(keys), limits.load_sessions_max):
            # a load or a tombstone of some may have begun while those before were read
            batch = self._to_load(keys[at : at + limits.load_sessions_max])
            for key in batch:
                if self._residences.state(key) is not Residence.LIVE:
                    self._residences.move(key, ResidenceMove.LOAD)
            await self._loader.load(batch)

    def _to_load(self, keys: Sequence[Key]) -> list[Key]:
        """Those of them that are not being loaded, and for which no tombstone is written."""
        skipped = (Residence.LOADING, Residence.TOMBSTONE)
        return [key for key in dict.fromkeys(keys) if self._residences.state(key) not in skipped]

    def load(self, keys: Sequence[Key]) -> None:
        """Load sessions for which something waits, in batches."""
        for at in range(0, len(keys), limits.load_sessions_max):
            batch = keys[at : at + limits.load_sessions_max]
            self._tasks.spawn(batch, self._loader.load(batch))

    async def memory_of(self, key: Key) -> Memory:
        """What the log has of a session."""
        [memory] = await self._loader.read([key])
        return memory

    def read_on(self, session: Session) -> None:
        """Read the message that the session lacks, if it has too many to hold in memory."""
        self._reader.read_on(session)

    # -- sessions that are loaded anew ---------------------------------------------------------------

    def reload(self, session: Session, order: Message | None = None, *, whole: bool = False) -> None:
        """Load a session that is in memory anew, with the message that is to be given to it then. `whole`: with its
        whole inbox, because the next decision needs all of its messages."""
        if self._holding.drop(session, ResidenceMove.RELOAD):
            waiting = self._residences.waiting(session.key)
            if order is not None:
                waiting.append(order)
            self._tasks.spawn([session.key], self._make_again(session, waiting, whole))

    async def _make_again(self, session: Session, waiting: list[Waiting], whole: bool) -> None:
        try:
            await self._output.stable(session)
        except Exception as problem:
            # else it is damaged, and another run of it is being loaded
            if self._residences.waiting(session.key) is waiting:
                self._residences.move(session.key, ResidenceMove.FORGET)
            self._sessions.refused(session, problem)
            return
        await self._loader.load([session.key], whole=whole)

    # -- the answer of the log -----------------------------------------------------------------------

    def _take_up(self, key: Key, memory: Memory) -> None:
        """Take up a loaded session. Exceptions go to the loader."""
        self._go_on(key, memory)
        self._sessions.was_read(key)

    def _go_on(self, key: Key, memory: Memory) -> None:
        """Go on with a loaded session, and with what came in the meantime."""
        if self._residences.state(key) is Residence.TOMBSTONE:
            return
        waiting = list(self._residences.waiting(key))
        if (live := self._holding.session(key)) is not None:
            # after a lost `take`, it may not have got some of these
            waiting.extend(memory.inbox)
            if memory.more:
                live.heard_in_part()
                self._reader.read_on(live)
        elif self._holding.holds(key[0]):
            self._rebuild(key, memory, waiting)
        else:
            self._residences.move(key, ResidenceMove.FORGET)
        if memory.session is None and memory.inbox and self._holding.session(key) is None:
            # when the log was read, no message had begun it; later ones, which are in the log by now, may
            read = {message.key for message in memory.inbox}
            since = dormant.first_of(tuple(what for what in waiting if isinstance(what, Message)), read)
            if since is not None:
                self._sessions.arrive_now(since, known=True)
            return
        # a session that is still not in memory is over, or not held here
        for what in waiting if self._holding.session(key) is not None else ():
            if isinstance(what, Message):
                self._sessions.arrive_now(what, known=True)
            elif (session := self._holding.session(key)) is not None:
                self._sessions.hear(session, what)

    def _rebuild(self, key: Key, memory: Memory, waiting: Sequence[Waiting]) -> None:
        """Rebuild a session that is not in memory. `waiting`: what came for it; without, nothing asks for it."""
        row = memory.session
        begun = (message for message in memory.inbox if not self._sessions.leaves_tombstone(message))
        header = self._belief.heading(begun) if row is None else row.header
        if header is None or (row is not None and row.outcome is not None):
            self._residences.move(key, ResidenceMove.FORGET)
            for message in memory.inbox if row is None else ():
                self._sessions.begin(message)  # it may be of a version that is not hosted yet, or leave a tombstone
            return
        version = row.version if row is not None else header
        program = self._programs.program(version, key[1])
        if program is None:
            logger.debug("session.unhostable", session=str(key[0]), choreography=header.choreography)
            self._residences.miss(key, version.fingerprint)
            return
        memory = self._belief.inbox(memory, header, program)
        try:
            came = {what.key for what in waiting if isinstance(what, Message)}
            session, bursts = Session.recover(program, memory, came)
        except BaseException as problem:
            broken = Session(program, row) if row is not None else Session.from_row(program, memory)
            self._park(broken, row, problem)
            return
        if not waiting and session.rests and row == session.durable_row and not any(burst.forced for burst in bursts):
            self._residences.move(key, ResidenceMove.FORGET)  # it waits as it did, and owes nothing
            return
        self._sessions.admit(session)
        for burst in bursts:
            self._sessions.carry(session, burst)
        if session.outdated:
            self.reload(session)

    def _park(self, session: Session, row: SessionRow | None, problem: BaseException) -> None:
        """Park a session that cannot be rebuilt, in the log alone. It is tried again when something comes for it."""
        session.epoch = self._holding.epoch_of(session.header.session)
        self._residences.move(session.key, ResidenceMove.BREAK)
        if (burst := parked(session, problem)).row.parked != (row and row.parked):
            self._sessions.carry(session, burst)
