"""The fake's inbox and its queue: what the SQL functions `accept`, `take` and `crowd` do to them.

The comments in the SQL files give the reasons of the rules; here the rules are only repeated.

Not modelled: SQL's `accept` counts a peer's waiting rows only after its table has grown. Here they are always counted.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from uuid import UUID

import msgspec

from accompanist import limits
from accompanist.log import sessions
from accompanist.log.sessions import encode
from accompanist.log.story import audited
from accompanist.runtime.beginning import PROGRAMS
from accompanist.runtime.control import CLIENT
from accompanist.runtime.messages import Kind, Message, shard_of
from accompanist.runtime.operate import verb_at
from accompanist.runtime.operator_identity import Operator, read, write
from accompanist.runtime.ports import (
    AuditEntry,
    Confirmation,
    Delivery,
    InboxEntry,
    KeptVersion,
    QuotaLimits,
    ReachedQuota,
    SessionRow,
)

Place = tuple[UUID, str, str, str, str]
"""The key of an inbox row: the message's key, and the service that wrote it."""
_UNDOES = (Kind.ABORT, Kind.CANCEL)
_TELLS = (Kind.COMPENSATED, Kind.DONE, Kind.SETTLED, Kind.ENDED)
"""The kinds that are dropped for an unknown session."""
_CLIENTS = (Kind.START, Kind.CANCEL, Kind.OPERATOR, Kind.EVENT)
_ROLES = (*_TELLS, Kind.DATA, Kind.CHOICE, *_UNDOES)


def beyond_bounds(message: Message) -> bool:
    """Whether a message exceeds a bound, so that `accept` refuses it for ever."""
    names = (message.site, message.sender, message.receiver, message.kind)
    about = len(encode(message.header)) + len(encode(message.context))
    return (
        len(message.payload) > limits.payload_bytes_max
        or sum(len(name.encode()) for name in names) > limits.key_bytes_max
        or about > limits.about_bytes_max
    )


def sayable(message: Message, own: bool) -> bool:
    """The SQL function of this name."""
    return own and message.kind in _CLIENTS if message.sender == CLIENT else message.kind in _ROLES


class InboxTables:
    """The inbox and its queue, with the other tables that `accept` reads. `Tables` extends it to a whole schema. It
    is no object of its own, because functions of both read and write the same rows, as in SQL."""

    def __init__(self, service: str, clock: Callable[[], float], early_rows_max: int) -> None:
        self.service = service
        self.early_rows_max = early_rows_max
        self.waiting_per_peer_max = limits.waiting_rows_per_peer_max
        self.crowded: list[str] = []
        self.overfull: list[str] = []
        self.undoing: list[str] = []
        self.released_early = False
        self.sessions: dict[tuple[UUID, str], SessionRow] = {}
        self.stubs: dict[tuple[UUID, str], tuple[str, float]] = {}
        """The outcome, and when the session was collected."""
        self.versions: dict[str, tuple[KeptVersion, float]] = {}
        """The version, and when it was last deployed."""
        self.audits: list[AuditEntry] = []
        self.inbox: dict[Place, tuple[Message, str, float]] = {}
        self.arrivals: dict[Place, bool] = {}
        """The queue, oldest first: new rows (False) and early ones (True)."""
        self.aside: set[Place] = set()
        """Early rows that no program here can decode."""
        self.places: dict[Place, int] = {}
        """A number for each row that is or was in the queue: the same key that arrives again is another row."""
        self.arrived_at: dict[Place, float] = {}
        self._numbers = itertools.count()
        self._clock = clock

    def confirmed(self, entry: InboxEntry) -> Confirmation:
        """The SQL function `confirm`, for one message."""
        message = entry.message
        held = self.inbox.get((*message.key, entry.sender_service))
        found = held[0] if held is not None else None
        there = found is not None and (
            (found.kind, found.payload, found.header) == (message.kind, message.payload, message.header)
        )
        key = (message.session, message.receiver)
        return Confirmation(there, key in self.sessions or key in self.stubs)

    def deliver_all(self, messages: Sequence[Message], sender_service: str, *, home: bool) -> list[Delivery]:
        """The SQL function `deliver`. Room is checked once per call, separately for versions that are stored here and
        for others. A message that was refused for lack of room, but is stored under the same key by then, is answered
        as stored."""
        waiting = sum(place[4] == sender_service for place in self.arrivals)
        full = {known: len(self.arrivals) >= self.early_rows_max * (1 + known) for known in (False, True)}
        begun, answers = self._begun(), list[Delivery]()
        for message in messages:
            no_room = full[message.header.fingerprint in self.versions]
            answers.append(self._deliver(message, sender_service, home, no_room, waiting, begun))
        now_begun = self._begun()
        for number, message in enumerate(messages):
            owner = (message.session, message.receiver)
            if answers[number] is Delivery.CLOSED and owner not in self.stubs and owner in now_begun:
                answers[number] = Delivery.FULL  # what begins its session came in the same call
            if answers[number] is Delivery.FULL and (*message.key, sender_service) in self.inbox:
                answers[number] = self._compare(message, sender_service)
        return answers

    def _begun(self) -> set[tuple[UUID, str]]:
        """The sessions that are known, or have a message in the inbox that begins them."""
        begins = (*PROGRAMS, *_UNDOES)
        found = {(place[0], place[3]) for place, held in self.inbox.items() if held[0].kind in begins}
        return found | self.sessions.keys()

    def _compare(self, message: Message, service: str) -> Delivery:
        held = self.inbox[*message.key, service][0]
        return Delivery.SAME if (held.kind, held.payload) == (message.kind, message.payload) else Delivery.CLASH

    def _deliver(
        self,
        message: Message,
        service: str,
        home: bool,
        full: bool,
        waiting: int,
        begun: set[tuple[UUID, str]],
    ) -> Delivery:
        """Deliver one message. `full`: there is no room for new sessions; `waiting`: rows of this service in the queue;
        `begun`: the sessions that are known."""
        place, owner, own = (*message.key, service), (message.session, message.receiver), service == self.service
        if not sayable(message, own):
            return Delivery.REFUSED
        if place in self.inbox:
            return self._compare(message, service)
        if owner in self.stubs:
            return Delivery.CLOSED
        if beyond_bounds(message):
            return Delivery.REFUSED
        if not own and waiting >= self.waiting_per_peer_max * 2:
            return Delivery.FULL
        at_its_head = message.kind in _UNDOES and message.receiver == message.header.initiator
        if not own and (message.kind in _TELLS or at_its_head) and owner not in begun:
            return Delivery.CLOSED
        if not self._has_room(message, service, full, waiting):
            return Delivery.FULL
        home = home and own
        self.inbox[place] = (message, service, self._clock())
        if message.kind is Kind.OPERATOR:
            told = msgspec.json.decode(message.payload)
            verb = verb_at(told["verb"], told.get("site", ""))
            self.audit(*owner, verb, read(msgspec.json.encode(told["who"])), told["why"])
        if not home or owner not in self.sessions:
            self.arrivals[place] = home
            self.places[place], self.arrived_at[place] = next(self._numbers), self._clock()
        return Delivery.STORED

    def _has_room(self, message: Message, service: str, full: bool, waiting: int) -> bool:
        known = (message.session, message.receiver) in self.sessions
        if known or message.kind not in (*PROGRAMS, *_UNDOES):
            return True
        if service != self.service and waiting >= self.waiting_per_peer_max:
            return False
        if message.kind in _UNDOES:
            return service not in self.undoing
        under_way = any(session == message.session for session, _ in self.sessions)
        return not full and (under_way or service not in self.crowded)

    def audit(self, session: UUID, role: str, verb: str, who: Operator, why: str) -> None:
        told = (write(who), encode(why.replace("\0", "\ufffd")))
        self.audits.append(audited(at=self._clock(), session=session, role=role, verb=verb, who=told[0], why=told[1]))

    def acknowledge(self, place: Place, number: int, *, over: bool = False, aside: bool = False) -> None:
        """Acknowledge a message that was taken: it leaves the queue, or stays there as early until its session has a
        row, or as aside until a program can decode it."""
        if self.arrivals.get(place) is not False or self.places[place] != number:
            return
        if over or (place[0], place[3]) in self.sessions:
            del self.arrivals[place]
        else:
            self.arrivals[place] = True
            if aside:
                self.aside.add(place)

    def read_again(self, shards: Collection[int]) -> None:
        """Return the rows that could not be decoded to the queue as new."""
        again = {
            place for place in self.aside & self.arrivals.keys() if shard_of(place[0], limits.shards_count) in shards
        }
        self.arrivals.update(dict.fromkeys(again, False))
        self.aside -= again

    def dismiss(self, place: Place, number: int) -> None:
        """The SQL function of this name."""
        if place[4] == self.service:
            self.acknowledge(place, number)
            return
        if place in self.arrivals and self.places[place] == number:
            del self.arrivals[place]
        self.inbox.pop(place, None)

    def crowd(self, bounds: QuotaLimits) -> list[tuple[str, ReachedQuota]]:
        """The SQL function of this name."""
        began: dict[tuple[UUID, str], str] = {}
        for place, (message, service, _) in self.inbox.items():
            if message.kind in PROGRAMS:
                began.setdefault((place[0], place[3]), service)
        now = self._clock()
        undoing = [
            service
            for message, service, at in self.inbox.values()
            if message.kind in _UNDOES and at > now - limits.undoing_ms / 1000
        ]
        open_now = [began[key] for key, row in self.sessions.items() if sessions.is_open(row) and key in began]
        self.crowded = self._at_least(open_now, bounds.sessions)
        self.overfull = self._at_least([place[4] for place in self.arrivals], bounds.waiting)
        self.undoing = self._at_least(undoing, bounds.undoing)
        self.waiting_per_peer_max = bounds.waiting
        found = [(peer, ReachedQuota.SESSIONS) for peer in self.crowded]
        found += [(peer, ReachedQuota.WAITING) for peer in self.overfull]
        found += [(peer, ReachedQuota.UNDOING) for peer in self.undoing]
        return [*found, ("", ReachedQuota.WAITING)] if len(self.arrivals) >= self.early_rows_max * 2 else found

    def _at_least(self, peers: Sequence[str], bound: int) -> list[str]:
        return sorted(peer for peer, count in Counter(peers).items() if count >= bound and peer != self.service)
