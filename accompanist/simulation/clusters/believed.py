"""Checks what honest services did while one of their peers sent forged messages.

Throughout, for each role of an honest service:

    the start     a session runs under its choreography's initiator; if that is honest, a client there has started it
    the end       a session is `settled` or `ended` only after an honest initiator has written so. Excepted is one that
                  is over before it began: it has heard nothing of its program, and its worker has done nothing
    settled       an honest initiator settles only when all roles that honest services have reached have voted done, and
                  ends the saga only when all of these have compensated
    by hand       only a service's own operators park, skip or resolve. Effects are left as they are only if these
                  operators say so, or the role that decides about the saga's end
    passed        an honest initiator that has passed its own commit point undoes nothing
    cancelled     a request to undo came from a client of the role's own service, or of an honest initiator's
    a worker's    a reply in the log is the worker's; an event is one that was sent to this service
    said          a message that counts as an honest service's was sent by it; a message of the hostile service counts
                  only if the choreography lets its role send it to this one
    begun         a session without a client's start began with a message that may begin it
    in its place  no message between honest services is refused, or finds another message under its identity

At the end, for each session that the hostile service has to do with, at each honest role: if it is settled, each
transaction was done once and not undone; if it has ended, all were undone, last first; if it is open, it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from uuid import UUID

from accompanist.language import waits
from accompanist.language.program.operations import point_of
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.runtime.beginning import begins
from accompanist.runtime.burst import Burst
from accompanist.runtime.control import CLIENT, left_in
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.operate import BY_HAND
from accompanist.runtime.ports import Delivery, Phase, ResultKind, ResultRow, SessionRow
from accompanist.runtime.requests import CANCELLED, DEADLINE
from accompanist.runtime.session import Session
from accompanist.simulation.clusters.subject import Subject

if TYPE_CHECKING:
    from accompanist.simulation.clusters.cluster import Cluster, Replica
    from accompanist.simulation.clusters.hostile import Hostile

_ANSWERS = (Kind.DONE, Kind.COMPENSATED)
_ENDS = (Kind.SETTLED, Kind.ENDED)
_NEVER = (Delivery.CLASH, Delivery.REFUSED)
_BACK = (Phase.UNDONE, Phase.ENDED)
_GOES_BACK = (Phase.UNDOING, *_BACK)
Place = tuple[UUID, str]


def _may_say(message: Message, program: RoleProgram) -> bool:
    """Whether the sender may send this message to the role of a program. These are the rules of `runtime.authority`,
    written a second time, from the design alone."""
    choreography, kind, sender, receiver = program.choreography, message.kind, message.sender, message.receiver
    initiator = choreography.initiator
    sends = sender in choreography.projections and receiver in choreography.projections[sender].sends_to
    if kind in (Kind.DATA, Kind.CHOICE):
        return sends and (point_of(message.site), sender, kind.value) in (program.projection.receives or ())
    if kind is Kind.ABORT:
        return message.site == "!abort" and (sends or initiator in (sender, receiver))
    if kind is Kind.CANCEL:
        return sender == initiator and receiver == (choreography.commit_role or initiator)
    return (kind in _ANSWERS and receiver == initiator) or (kind in _ENDS and sender == initiator)


class Believed:
    """The judge of honest services in a cluster where `hostile` lies."""

    def __init__(self, cluster: Cluster, hostile: Hostile) -> None:
        self._cluster = cluster
        self._hostile = hostile
        self.runs_as: dict[Place, Subject] = {}
        """The subject of a session at a role, by its own header."""
        self._subjects = {
            version.choreography.fingerprint: subject for subject in cluster.subjects for version in subject.versions
        } | {subject.choreography.fingerprint: subject for subject in cluster.subjects}
        self._sent: dict[UUID, set[tuple[str, str]]] = {}
        """The pairs of sender and receiver, by session; the senders are roles of honest services."""
        self._ordered: set[tuple[UUID, str, str]] = set()
        self._cancelled: set[UUID] = set()
        self._undone: set[Place] = set()
        self._left: set[Place] = set()
        """Where all effects are left as they are."""
        self._judged: set[tuple[Any, ...]] = set()
        self._begins: set[Place] = set()
        self._written: set[Place] = set()
        self._tombstones: set[Place] = set()
        """Where the first row was `ended`: nothing was done there, and nothing will begin."""
        self._unheard: set[Place] = set()
        """Where the session in memory has heard nothing of its program."""

    def subject_in(self, header: Header) -> Subject | None:
        """The subject of a session, by its header; None if no choreography has the header's fingerprint."""
        return self._subjects.get(header.fingerprint)

    def honest(self, session: UUID, role: str) -> bool:
        """Whether an honest service plays a role of a session."""
        subject = self.runs_as.get((session, role)) or self._cluster.subjects_of.get(session)
        if subject is None:
            return False
        bindings = self._cluster.bindings[subject.choreography.name]
        return bindings.get(role, self._hostile.service) != self._hostile.service

    def _wrong(self, key: Place, text: str) -> None:
        self._cluster.judge.wrong(f"{key[0]} {key[1]}, while {self._hostile.service} lies: {text}")

    # -- throughout --------------------------------------------------------------------------------

    def handed_over(self, message: Message, service: str) -> None:
        """Called when a service has written a message; notes those of honest services."""
        if service == self._hostile.service:
            return
        if message.kind in (Kind.DATA, Kind.CHOICE):
            self._sent.setdefault(message.session, set()).add((message.sender, message.receiver))
        elif message.kind is Kind.OPERATOR:
            self._ordered.add((message.session, message.receiver, message.site))
        elif message.kind is Kind.CANCEL:
            self._cancelled.add(message.session)

    def answered(self, message: Message, service: str, receiver: str, answer: Delivery) -> None:
        """Called with the answer to a message from one service to another."""
        if answer in _NEVER and self._hostile.service not in (service, receiver):
            text = f"{message.kind.value} {message.site} from {message.sender} was answered {answer.value}"
            self._wrong((message.session, message.receiver), text)

    def carried(self, replica: Replica, session: Session, burst: Burst) -> None:
        """Called when a session has decided a burst; judges the messages that it has taken."""
        key = session.key
        subject = self._subjects.get(session.program.choreography.fingerprint)
        if subject is not None:
            self.runs_as.setdefault(key, subject)
        if replica.service == self._hostile.service:
            return
        self._unheard.add(key)
        if len(session.state.mailbox) or session.state.mailbox.spilled:
            self._unheard.remove(key)
        for message in (*session.state.mailbox._taken.values(), *burst.consumed):
            if message.sender != CLIENT and (key, message.site, message.sender) not in self._judged:
                self._judged.add((key, message.site, message.sender))
                self._taken(key, message, session.program)

    def _taken(self, key: Place, message: Message, program: RoleProgram) -> None:
        service = self._cluster.bindings[program.choreography.name].get(message.sender)
        said = self._cluster.judge.said_by(message)
        if service == self._hostile.service:
            if not _may_say(message, program):
                self._wrong(key, f"{message.sender} may not say {message.kind.value} at {message.site}, and was heard")
        elif said is None or (said.kind, said.payload) != (message.kind, message.payload):
            self._wrong(key, f"{message.sender} never said what was taken at {message.site}")

    def _begun(self, key: Place, subject: Subject) -> None:
        """Judge the beginning of a session that no client has started: some message in the inbox may begin it."""
        bindings, program = self._cluster.bindings[subject.choreography.name], subject.programs[key[1]]
        inbox = self._cluster.database.services[bindings[key[1]]].inbox.values()
        for message, speaker, *_ in inbox:
            of_it = (message.session, message.receiver) == key and bindings.get(message.sender) == speaker
            if of_it and begins(message, subject.choreography) and _may_say(message, program):
                return
        for message in self._cluster.judge.early.values():
            if (message.session, message.receiver) == key and _may_say(message, program):
                return  # its sender is about to write it
        self._wrong(key, "it was begun by what may not begin it")

    def row(self, key: Place, row: SessionRow) -> None:
        """Judge a session row of an honest service."""
        session, role = key
        choreography = row.header.choreography
        subject = self.runs_as.get(key) or self._subjects.get(row.header.fingerprint)
        if row.outcome == "ended" and key not in self._written:
            self._tombstones.add(key)
        self._written.add(key)
        tombstone = key in self._tombstones
        if subject is None:
            self._wrong(key, f"a session of {choreography}, which nothing says what it is")
            return
        bindings = self._cluster.bindings[subject.choreography.name]
        initiator = subject.initiator
        if row.header.initiator != initiator or row.header.bindings != bindings:
            self._wrong(key, f"it runs under another header: {row.header.initiator} begins, {row.header.bindings}")
            return
        first = bindings[initiator] != self._hostile.service
        if session not in self._cluster.subjects_of and key not in self._begins:
            self._begins.add(key)
            self._begun(key, subject)
        if not tombstone:  # at a tombstone nothing was done that could be left
            self._by_hand(key, row, subject)
        if first and role == initiator and row.phase in _GOES_BACK and not row.left:
            self._not_passed(key, subject)
        granted = row.granted or ""
        if first and granted.startswith((CANCELLED, DEADLINE)) and session not in self._cancelled:
            self._wrong(key, f"it is undone, as {granted!r}, and nobody who may has asked for that")
        if row.phase in _BACK:
            self._undone.add(key)
        if row.left:
            self._left.add(key)
        if row.outcome is None or not first or tombstone:
            return
        outcomes = self._cluster.judge.outcomes
        waits = role != initiator and not self._never_began(key, row)
        if waits and outcomes.get((session, initiator)) != row.outcome:
            self._wrong(key, f"it is {row.outcome}, at its initiator {outcomes.get((session, initiator)) or 'open'}")
        if role == initiator:
            self._concluded(key, row)

    def _never_began(self, key: Place, row: SessionRow) -> bool:
        """Whether a session is over before it began: an abort began it, its worker was closed, and had done nothing. An
        earlier row may say that it runs, where its worker did not answer at once."""
        done = row.vote == "done" or row.contacts or self._cluster.ledger.entries.get(key)
        return row.outcome == "ended" and key in self._unheard and not done

    def _by_hand(self, key: Place, row: SessionRow, subject: Subject) -> None:
        orders = {site for site in row.verbs if site.startswith("!operator/") and " from " not in site}
        if forged := [site for site in orders if (*key, site) not in self._ordered]:
            self._wrong(key, f"nobody here gave the order {forged[0]}")
        if row.parked is not None and row.parked.code == BY_HAND and not orders:
            self._wrong(key, "it is parked by hand, and nobody here has parked it")
        if row.left and subject.choreography.commit_role is None:
            self._wrong(key, "what it did is left as it is, and there is no commit point that it could be behind")
        elif row.left and not orders and key[1] != subject.initiator and not self._told_by_hand(key, subject):
            self._wrong(key, "what it did is left as it is, and nobody here who decides about that has said so")

    def _not_passed(self, key: Place, subject: Subject) -> None:
        """Judge an initiator that is undone: it must not have passed its own commit point."""
        if subject.choreography.commit_role != key[1]:
            return
        operations = subject.programs[key[1]].projection.operations
        for place, result in self._cluster.judge.results.items():
            own = operations.get(result.operation) if place[:2] == key else None
            if own is not None and own.pivot and result.outcome == "replied":
                self._wrong(key, f"it is undone, and had passed its commit point at {result.site}")

    def _told_by_hand(self, key: Place, subject: Subject) -> bool:
        """Whether the initiator or the owner of the commit point has told this role that the saga was ended by hand."""
        choreography = subject.choreography
        bindings = self._cluster.bindings[choreography.name]
        return any(
            (message.session, message.receiver, message.kind) == (*key, Kind.ABORT)
            and message.sender in (choreography.initiator, choreography.commit_role)
            and left_in(message)
            for message, *_ in self._cluster.database.services[bindings[key[1]]].inbox.values()
        )

    def _concluded(self, key: Place, row: SessionRow) -> None:
        session, initiator = key
        votes = self._cluster.judge.votes
        for role in self.reached(session, initiator):
            if row.outcome == "settled" and votes.get((session, role)) != "done":
                self._wrong(key, f"it is settled, and {role} has not voted done")
            if row.outcome == "ended" and (session, role) not in self._undone:
                self._wrong(key, f"it is ended, and {role} has not compensated")

    def reached(self, session: UUID, initiator: str) -> set[str]:
        """The roles that can be reached from the initiator by messages of honest services."""
        sent, reached, frontier = self._sent.get(session, set()), set(), [initiator]
        while frontier:
            here = frontier.pop()
            for sender, receiver in sent:
                if sender == here and receiver not in reached and self.honest(session, receiver):
                    reached.add(receiver)
                    frontier.append(receiver)
        return reached - {initiator}

    def result(self, key: Place, row: ResultRow) -> None:
        """Judge a result of an honest service: its worker's answer, or an event's value."""
        subject = self.runs_as.get(key) or self._cluster.subjects_of.get(key[0])
        operation = subject.programs[key[1]].projection.operations.get(row.operation) if subject is not None else None
        if row.kind is ResultKind.COMPENSATE:
            if row.outcome == "by hand" and not any(place[:2] == key for place in self._ordered):
                self._wrong(key, f"{row.site} counts as undone by hand, and nobody here said so")
            return
        if operation is None or row.outcome != "replied":
            return
        if waits.event_in(row.operation) is not None:
            name = waits.event_in(row.operation)
            told = self._cluster.told.get((*key, name or ""))
            if told is None or row.value != codec.canonical(told):
                self._wrong(key, f"the event {name} was never told here as it was taken")
        elif operation.kind == "transaction" and not operation.recorded:
            entries = self._cluster.ledger.entries.get(key, ())
            if not any(entry.site == row.site and entry.kind is ResultKind.FORWARD for entry in entries):
                self._wrong(key, f"its worker never did {row.operation} at {row.site}, and the log has a reply")

    # -- at the end --------------------------------------------------------------------------------

    def end(self) -> None:
        """Judge the sessions that the hostile service has to do with, at the end of the run."""
        judge, cluster = self._cluster.judge, self._cluster
        places = {*cluster.ledger.entries, *self.runs_as}
        for session, role in sorted(key for key in places if self._hostile.plays(key[0]) and self.honest(*key)):
            key = (session, role)
            outcome = "ended" if key in self._undone else judge.outcomes.get(key, "open")
            judge.effects(key, "left" if key in self._left else outcome, self._subject(key))
        for session in sorted(judge.accepted):
            subject = cluster.subjects_of.get(session)
            if subject is None or not self._hostile.plays(session) or not self.honest(session, subject.initiator):
                continue
            self._agree(session, subject)
            tables = cluster.database.services[cluster.bindings[subject.choreography.name][subject.initiator]]
            key = (session, subject.initiator)
            if key not in tables.sessions and key not in tables.stubs and key not in judge.outcomes:
                started = any(place[0] == session and place[1] == "!start" for place in tables.inbox)
                if not started:
                    self._wrong(key, "it was accepted, and no log has it")

    def _agree(self, session: UUID, subject: Subject) -> None:
        outcome = self._cluster.judge.outcomes.get((session, subject.initiator))
        if outcome is None:
            return
        for role in self.reached(session, subject.initiator):
            ended = self._cluster.judge.outcomes.get((session, role))
            if ended not in (None, outcome):
                self._wrong((session, role), f"{ended}, and {outcome} at its initiator")
            entries = self._cluster.ledger.entries.get((session, role), ())
            if outcome == "settled" and any(entry.kind is ResultKind.COMPENSATE for entry in entries):
                self._wrong((session, role), "something of it is undone, and the saga is settled")

    def _subject(self, key: Place) -> Subject:
        return self.runs_as.get(key) or self._cluster.subjects_of[key[0]]

    def waits(self, names: Iterable[Any]) -> list[Any]:
        """The waiting messages whose session has nothing to do with the hostile service. Messages of sessions that it
        made up may wait for long, within a bound."""
        return [name for name in names if not self._hostile.plays(name[0])]

    def strange(self, service: str, names: Iterable[Any]) -> list[Any]:
        """The items, by session, that should not be left: their session has nothing to do with the hostile service, or
        the hostile service made it up, it is over here, and no message of it waits for that service."""
        tables = self._cluster.database.services[service]
        open_now = {key[0] for key, row in tables.sessions.items() if row.outcome is None}
        open_now |= {key[0] for key, row in tables.outbox.items() if row.service == self._hostile.service}

        def excused(name: Any) -> bool:
            session = name if isinstance(name, UUID) else name[0]
            if session in self._hostile.lies.invented:
                return session in open_now
            return session in self._hostile.touched

        return [name for name in names if not excused(name)]
