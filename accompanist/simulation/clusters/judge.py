"""The oracles: the properties that must hold in every run, checked from outside.

Throughout, at every commit that reaches the database:

    write-once     a vote, an outcome and a result never change; a session that is over stays so
    one owner      a sidecar that writes for a session holds its shard, under the epoch under which it decided
    no way back    a sidecar that writes a session knows what the log has of it: its vote, its end, that it is collected
    cause first    a saga is undone at its deadline only by a message that is stable; a call to a worker without a fence
                   is in the log before it leaves (Rule 0)
    integrity      one content under one identity, for every message that was ever handed over

At the end, when all faults have stopped and a stated time has passed:

    all or compensated   settled: every transaction once and none undone; ended: each undone once, last first
    closed               no effect after the door was shut
    agreement            every role that was reached has the initiator's outcome
    nothing lost         every session that a client was told is accepted is over
    honest               what a client was told of the end is the end
    at least once        without a fence, each effect happened at least once, or was undone after the last time
    faithful             a settled saga did what the direct reading does with the same replies, with the same result
    bounded              nothing of it is left, in memory or in the tables, once all is collected

Not judged: how long anything took, within the bound; effects that an operator has decided to leave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec

from accompanist.language import direct
from accompanist.language.values import codec
from accompanist.log.memory_tables import Tables
from accompanist.runtime.beginning import begins
from accompanist.runtime.control import CLIENT, reason_in
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Phase, ResultKind, ResultRow, SessionRow
from accompanist.runtime.requests import DEADLINE
from accompanist.simulation.clusters.ledger import Entry
from accompanist.simulation.clusters.subject import Subject

if TYPE_CHECKING:
    from accompanist.simulation.clusters.cluster import Cluster, Replica

Place = tuple[UUID, str]


class Writing(NamedTuple):
    """A flush that is about to be written. `held`: the results that the log has already. `over`: the rows of sessions
    that are over, which must not change. `wrong`: the findings so far."""

    tables: Tables
    commits: Sequence[Commit]
    held: dict[tuple[UUID, str, str, ResultKind], tuple[ResultRow, float]]
    over: dict[Place, SessionRow]
    wrong: list[str]


def awaited(row: SessionRow) -> str | None:
    """The event that a session waits for at a role without a timer; None if there is none."""
    what, _, rest = row.waiting.partition(" ")
    return rest.partition(" at ")[0] if row.outcome is None and row.parked is None and what == "event" else None


_decided = ("phase", "vote", "outcome", "reason", "contacts", "result", "granted", "left")
"""The columns of a row that are not only for people."""


def _back(tables: Tables, row: SessionRow) -> Iterator[str]:
    """The findings about a row whose writer did not know what the log has of the session."""
    key = (row.header.session, row.role)
    if key in tables.stubs:
        yield f"{key[0]} {key[1]}: begun anew after it was collected"
    held = tables.sessions.get(key)
    if held is not None and held.vote is not None and row.vote != held.vote:
        yield f"{key[0]} {key[1]}: written as {row.phase.value}, by one who did not know its vote"
    elif held is not None and held.outcome is not None and row.outcome != held.outcome:
        yield f"{key[0]} {key[1]}: written as {row.phase.value}, by one who did not know its end"


def _over_at_once(key: Place, commits: Sequence[Commit]) -> bool:
    """Whether commits write a single row of a session, which is undone and has no vote."""
    rows = [one.session for one in commits if one.session is not None]
    rows = [row for row in rows if (row.header.session, row.role) == key]
    results = any((result.session, result.role) == key for one in commits for result in one.results)
    return len(rows) == 1 and not results and rows[0].vote is None and rows[0].phase is Phase.ENDED


class Oracle:
    """Records what happens in a run, and judges it. `broken` has one sentence for each finding."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self.broken: list[str] = []
        self.votes: dict[Place, str] = {}
        self.outcomes: dict[Place, str] = {}
        self.reasons: dict[Place, str] = {}
        """The reason of each saga that was undone, by session and role."""
        self.values: dict[Place, bytes] = {}
        self.results: dict[tuple[UUID, str, str, ResultKind], ResultRow] = {}
        self.accepted: dict[UUID, None] = {}
        self.told: dict[UUID, str] = {}
        self.reached: dict[Place, None] = {}
        """Where a message arrived that begins a session."""
        self.asked: set[tuple[UUID, str, str]] = set()
        """The sites of calls that the log has recorded before they leave."""
        self.begun_again: set[Place] = set()
        """Where a hostile service has begun a session once more after the log had forgotten it. That is a new session;
        what was seen of the first one does not count for it."""
        self.over_again: set[Place] = set()
        """Where a message that the saga is undone came after the log had forgotten the role's vote. Its sender could
        not close its session for longer than a tombstone is kept. The message leaves a tombstone again, which has no
        vote. The saga's end is judged there, too."""
        self.expired: set[UUID] = set()
        """The sessions whose passed deadline is in some log."""
        self._messages: dict[tuple[UUID, str, str, str], Message] = {}
        self.early: dict[tuple[UUID, str, str, str], Message] = {}

    def wrong(self, text: str) -> None:
        self._cluster.log(f"BROKEN {text}")
        self.broken.append(text)

    # -- throughout --------------------------------------------------------------------------------

    def writing(self, service: str, owner: str | None, commits: Sequence[Commit], late: bool) -> Writing:
        """Called when a flush by `owner` is about to be written, if the log permits it. `late`: its sidecar had given
        it up, so later writes may be in the log already."""
        tables = self._cluster.database.services[service]
        if self._cluster.is_hostile(service):
            return Writing(tables, (), {}, {}, [])
        keys = [(row.session, row.role, row.site, row.kind) for commit in commits for row in commit.results]
        held = {key: tables.results[key] for key in keys if key in tables.results}
        wrong: list[str] = []
        over: dict[Place, SessionRow] = {}
        for commit in commits:
            shard = tables.shards.get(commit.shard) if commit.shard is not None else None
            if shard is not None and (shard.owner, shard.epoch) != (owner, commit.epoch):
                wrong.append(f"{owner} wrote for shard {commit.shard} of {service} without holding it")
        last = {(row.header.session, row.role): row for row in (one.session for one in commits) if row is not None}
        if not late:  # one flush may have several rows of a session; the last one is written
            new = last.keys() - tables.sessions.keys() - tables.stubs.keys()
            self.begun_again.update(key for key in new & self.outcomes.keys() if self._cluster.lied_of(key[0]))
            self.over_again.update(key for key in new & self.outcomes.keys() if _over_at_once(key, commits))
            known = {key: row for key, row in last.items() if not self._told_early(tables.sessions.get(key), row)}
            wrong.extend(text for row in known.values() for text in _back(tables, row))
            over = {key: tables.sessions[key] for key in last.keys() - known.keys()}
        return Writing(tables, commits, held, over, wrong)

    def _told_early(self, held: SessionRow | None, row: SessionRow) -> bool:
        """Whether a row is the last but one of a session whose last row the log has already, because its initiator
        lies.

        An honest initiator sends `settled` or `ended` only to a role that has told it `done` or `compensated`, so that
        role's row is in the log, and its writer knows so. A hostile initiator may send it earlier. Then one flush has
        both rows. If its outcome is unknown it is repeated, perhaps in parts, and one part may end with the earlier
        row. That is harmless: the role's own vote is the same in both, and the log keeps the end, except for texts for
        people. `committed` judges that it does."""
        hostile = self._cluster.hostile
        if held is None or hostile is None or held.header.bindings.get(held.header.initiator) != hostile.service:
            return False
        last_two = (row.phase, held.phase)
        return last_two in ((Phase.UNDONE, Phase.ENDED), (Phase.DONE, Phase.SETTLED)) and row.vote == held.vote

    def committed(self, writing: Writing) -> None:
        """Called when a flush has been written."""
        tables = writing.tables
        for text in writing.wrong:
            self.wrong(text)
        for place, over in writing.over.items():
            kept = tables.sessions.get(place)
            if kept is None or any(getattr(kept, name) != getattr(over, name) for name in _decided):
                self.wrong(f"{place[0]} {place[1]}: it was {over.phase.value}, and its row was written over")
        for key, held in writing.held.items():
            if tables.results[key] is not held:
                self.wrong(f"{key[0]} {key[1]}: the result of {key[2]} was written over")
        for commit in writing.commits:
            if commit.session is not None:
                self._row(tables, (commit.session.header.session, commit.session.role))
            for result in commit.results:
                key = (result.session, result.role, result.site, result.kind)
                now = tables.results[key][0]
                if self._cluster.hostile is not None:
                    self._cluster.hostile.believed.result(key[:2], now)
                first = now if key[:2] in self.begun_again else self.results.setdefault(key, now)
                if (first.outcome, first.value) != (now.outcome, now.value):
                    self.wrong(f"{key[0]} {key[1]}: the result of {key[2]} was overwritten")

    def _row(self, tables: Tables, key: Place) -> None:
        row = tables.sessions[key]
        if row.reason is not None:
            self._cluster.mark(f"reason {next(iter(row.reason.split(':')[0].split()), 'without words')}")
        judged = [("outcome", row.outcome, self.outcomes)]
        if key not in self.over_again:
            judged.append(("vote", row.vote, self.votes))
        for what, now, seen in judged if key not in self.begun_again else ():
            if (now is not None and seen.setdefault(key, now) != now) or (now is None and key in seen):
                self.wrong(f"{key[0]} {key[1]}: its {what} was {seen[key]} and is {now}")
        if row.outcome == "ended" and row.reason:
            self.reasons[key] = row.reason
        subject = self._cluster.subjects_of.get(key[0])
        if row.outcome is not None and subject and row.version.fingerprint != subject.choreography.fingerprint:
            self._cluster.mark("old version ends" if self._cluster.deploy.newest else "old version")
        if row.asked:
            self.asked.add((*key, row.asked))
        if (hostile := self._cluster.hostile) is not None:
            hostile.believed.row(key, row)
        if row.reason == DEADLINE and key[0] not in self.expired and not self._cluster.lied_of(key[0]):
            self.wrong(f"{key[0]} {key[1]}: undone at its deadline before that was stable")
        if row.result is not None and self.values.setdefault(key, row.result) != row.result:
            self.wrong(f"{key[0]} {key[1]}: its result has changed")

    def said_by(self, message: Message) -> Message | None:
        """The message that its sender has really handed over under this identity, or handed over early; None if there
        is none."""
        return self._messages.get(message.key) or self.early.get(message.key)

    def handed_early(self, message: Message) -> None:
        """Called when a sender hands over a message before it has written it."""
        self.early.setdefault(message.key, message)

    def handed_over(self, message: Message, service: str) -> None:
        """Called when a sender has written a message. Under one identity the content must be the same. Excepted are
        clients, and a role that a hostile service made begin again after its service had forgotten the session."""
        if (hostile := self._cluster.hostile) is not None:
            hostile.believed.handed_over(message, service)
            if hostile.service == service:
                return
        choreography = self._cluster.subject_in(message).choreography
        if begins(message, choreography):
            self.reached[message.session, message.receiver] = None
        if message.kind is Kind.CANCEL and reason_in(message) == DEADLINE:
            self.expired.add(message.session)
        first = self._messages.setdefault(message.key, message)
        anew = message.sender == CLIENT or (message.session, message.sender) in self.begun_again
        if (first.kind, first.payload) != (message.kind, message.payload) and not anew:
            self.wrong(f"{message.session}: two contents at {message.site} from {message.sender} to {message.receiver}")

    def does(self, session: UUID, role: str, site: str) -> None:
        """Called when a worker without a fence is about to execute a transaction."""
        if (session, role, site) not in self.asked and self._is_honest(session, role):
            self.wrong(f"{session} {role}: {site} was asked for before that was in the log")

    def _is_honest(self, session: UUID, role: str) -> bool:
        """Whether an honest service plays a role; only those are judged."""
        hostile = self._cluster.hostile
        return hostile is None or hostile.believed.honest(session, role)

    def started(self, session: UUID) -> None:
        self.accepted[session] = None

    def said(self, session: UUID, outcome: str) -> None:
        """Called when a client was told how a saga ended."""
        if self.told.setdefault(session, outcome) != outcome:
            self.wrong(f"{session}: a client heard {self.told[session]}, then {outcome}")

    # -- at the end --------------------------------------------------------------------------------

    def waiting(self) -> set[UUID]:
        """The sessions that wait for an event that nobody has sent: that is up to the environment, and no failure."""
        found = set()
        for tables in self._cluster.database.services.values():
            for (session, role), row in tables.sessions.items():
                name = awaited(row)
                if name is not None and (session, role, name) not in self._cluster.told:
                    found.add(session)
        return found

    def open_sessions(self) -> list[str]:
        """The sessions that are not over, in words."""
        left = []
        for service, tables in self._cluster.database.services.items():
            if self._cluster.is_hostile(service):
                continue
            for key, row in tables.sessions.items():
                if key not in self.outcomes and not self._cluster.lied_of(key[0]):
                    parked = f", parked {row.parked.code}" if row.parked else ""
                    left.append(f"{key[0]} {key[1]} at {service}: {row.phase.value} ({row.waiting}){parked}")
            started = {(key[0], key[3]) for key in tables.arrivals} - tables.sessions.keys() - tables.stubs.keys()
            started = {key for key in started if not self._cluster.lied_of(key[0])}
            left.extend(f"{session} {role} at {service}: not begun" for session, role in sorted(started))
        for session in self.accepted:
            if self._cluster.lied_of(session):
                continue
            subject = self._cluster.subjects_of.get(session)
            if subject is None:
                left.append(f"{session}: accepted, and no log has it")
            elif (session, subject.initiator) not in self.outcomes:
                left.append(f"{session}: accepted and not over")
        return list(dict.fromkeys(left))

    def end(self) -> None:
        """Judge every session that began, or that a client was told has begun."""
        for session in sorted(self.accepted.keys() - self._cluster.subjects_of.keys()):
            self.wrong(f"{session}: accepted, and no log has it")
        if self._cluster.hostile is not None:
            self._cluster.hostile.believed.end()
        for session, subject in sorted(self._cluster.subjects_of.items()):
            if self._cluster.lied_of(session):
                continue
            outcome = self.outcomes.get((session, subject.initiator))
            if outcome is None:
                if session in self.accepted:
                    self.wrong(f"{session}: accepted, and never over")
                continue
            if self.told.get(session, outcome) != outcome:
                self.wrong(f"{session}: a client was told {self.told[session]} and it is {outcome}")
            for role in subject.programs:
                ended = self.outcomes.get((session, role))
                if ended != outcome and (ended is not None or (session, role) in self.reached):
                    self.wrong(f"{session}: {outcome} at its initiator and {ended or 'not over'} at {role}")
                self.effects((session, role), outcome, subject)
            if outcome == "settled" and session not in self._cluster.spoken_for:
                self._faithful(session, subject)

    def effects(self, key: Place, outcome: str, subject: Subject) -> None:
        """Judge the effects at a role whose saga is `settled`, `ended`, or neither."""
        (session, role), ledger = key, self._cluster.ledger
        entries = ledger.entries.get(key, []) if key not in self.begun_again else []
        done = [entry for entry in entries if entry.kind is ResultKind.FORWARD]
        undone = [entry for entry in entries if entry.kind is ResultKind.COMPENSATE]
        about = f"{session} {role} ({outcome})"
        service = self._cluster.bindings[subject.choreography.name][role]
        if service in self._cluster.plain:
            self._plain(about, outcome, done, undone, entries)
            return
        for kind, told in (("done", done), ("undone", undone)):
            for site, count in Counter(entry.site for entry in told).items():
                if count > 1:
                    self.wrong(f"{about}: {site} was {kind} {count} times")
        shut = ledger.shut.get((session, role))
        if shut is not None and any(entry.kind is ResultKind.FORWARD for entry in entries[shut:]):
            self.wrong(f"{about}: something was done after the door was shut")
        if outcome == "settled" and undone:
            self.wrong(f"{about}: {undone[0].site} was undone")
        if outcome == "ended" and session not in self._cluster.spoken_for:
            self._undone(about, done, undone)

    def _plain(self, about: str, outcome: str, done: list[Entry], undone: list[Entry], entries: list[Entry]) -> None:
        """Judge effects without a fence: each at least once, none forgotten, none after its compensation."""
        if outcome == "settled" and undone:
            self.wrong(f"{about}: {undone[0].site} was undone")
        if outcome != "ended" or UUID(about[:36]) in self._cluster.spoken_for:
            return
        first_done = list(dict.fromkeys(entry.site for entry in done))
        first_undone = [site for site in dict.fromkeys(entry.site for entry in undone) if site in first_done]
        if first_done != first_undone[::-1]:
            self.wrong(f"{about}: done [{' '.join(first_done)}], undone [{' '.join(first_undone)}]")
        gone: set[str] = set()
        for entry in entries:
            if entry.kind is ResultKind.COMPENSATE:
                gone.add(entry.site)
            elif entry.site in gone:
                self.wrong(f"{about}: {entry.site} was done after it was undone")

    def _undone(self, about: str, done: list[Entry], undone: list[Entry]) -> None:
        if [entry.site for entry in reversed(done)] != [entry.site for entry in undone]:
            forward = " ".join(entry.site for entry in done)
            back = " ".join(entry.site for entry in undone)
            self.wrong(f"{about}: done [{forward}], undone [{back}]")
        arguments = {entry.site: entry.arguments for entry in done}
        if any(arguments.get(entry.site) != entry.arguments for entry in undone):
            self.wrong(f"{about}: undone with other arguments than it was done with")

    def _faithful(self, session: UUID, subject: Subject) -> None:
        """Compare the transactions and the result with the direct reading that gets the recorded replies."""
        asked: set[tuple[str, str]] = set()

        def ask(role: str, site: str, operation: str, arguments: direct.DirectArguments) -> tuple[str, Any]:
            asked.add((role, site))
            row = self.results.get((session, role, site, ResultKind.FORWARD))
            if row is None or row.operation != operation or row.digest != codec.digest(arguments.sent):
                raise LookupError(f"{role} was to do {operation} at {site} and did not")
            value = msgspec.json.decode(row.value)
            if row.outcome == "declined":
                return "declined", value
            _, returns = subject.programs[role].operation_types[operation]
            return "replied", codec.decode(row.value, returns)

        types = subject.programs[subject.initiator].parameter_types
        given = codec.decode(self._cluster.arguments_of[session], dict[str, msgspec.Raw])
        arguments = {name: codec.decode(bytes(given[name]), type) for name, type in types.items()}
        try:
            read = direct.run(subject.choreography, arguments, ask)
        except LookupError as problem:
            self.wrong(f"{session}: {problem}")
            return
        if read.aborted:
            self.wrong(f"{session}: settled, and the reading aborts: {read.reason}")
        for role in subject.programs:
            for entry in self._cluster.ledger.entries.get((session, role), ()):
                if (role, entry.site) not in asked:
                    self.wrong(f"{session} {role}: {entry.operation} at {entry.site} was not asked for")
            reached = (session, role) in self.reached  # a role that was not reached has no part of the result
            owes = reached and role in subject.choreography.result_owners and not read.aborted
            if owes and self.values.get((session, role)) != codec.encode(read.result):
                self.wrong(f"{session} {role}: the result is not that of the direct reading")

    # -- what is left ------------------------------------------------------------------------------

    def unread(self) -> bool:
        """Whether an inbox has a message that was not read yet. Reading it may leave something to be collected."""
        return any(
            not early and place not in tables.aside
            for service, tables in self._cluster.database.services.items()
            if not self._cluster.is_hostile(service)
            for place, early in tables.arrivals.items()
        )

    def left(self, replicas: list[Replica]) -> Iterator[str]:
        """What is left, in words. Nothing may be left once all sagas are over and collected."""
        for service, tables in self._cluster.database.services.items():
            for name in ("sessions", "stubs", "inbox", "arrivals", "results", "outbox", "forgotten"):
                if left := self.left_of(service, getattr(tables, name), waits=name in ("inbox", "arrivals")):
                    yield f"{service}: {len(left)} rows are left of {name}: {left[0]}"
        for replica in replicas:
            for what, count in replica.held().items():
                if count:
                    yield f"{replica.process.name}: {count} left of {what}"
        for service, workers in self._cluster.workers.items():
            if left := self.left_of(service, workers.fences):
                yield f"{service}: the fence holds {len(left)} sessions"

    def left_of(self, service: str, names: Iterable[Any], waits: bool = False) -> list[Any]:
        """The items, by session, that should not be left."""
        hostile = self._cluster.hostile
        if hostile is None:
            return list(names)
        if hostile.service == service:
            return []
        return hostile.believed.waits(names) if waits else hostile.believed.strange(service, names)
