"""The forged messages of a hostile service, drawn from the seed: wholly or partly false.

It knows what a service knows: the choreographies in which it plays a role, which services play the other roles, and the
messages of its own inbox. It does not know the messages between others, nor the id of a session that never reached it.

    forged      any kind, any site, any two roles
    own         a message that its role may send, with another value or another choice
    ending      a message that ends a saga, of one kind to all roles, or of a different kind to each
    ordered     an operator's verb for another service
    squatted    a message in the place of one between two others, before that one comes
    smuggled    its own true message under a changed header
    replayed    a message that it heard, to another receiver, from another sender, or of another kind
    begun       a start, an event or an abort for others
    invented    any of these for a session that does not exist
    flooded     many of one kind for sessions that do not exist
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import orjson

from accompanist.runtime.control import CLIENT, DEADLINE_SITE, EVENT_SITE, event, site_of
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.operate import Verb
from accompanist.simulation.clusters.subject import Subject

_known_max = 12
"""It forges messages for the sessions that it heard of last, so many of them."""
_heard_max = 400
_ODD = (b"null", b"0", b'"x"', b"[]", b"{}", b'["then"]', b'["else"]', b"{", b"\x00\xff")
_REASONS = ("no", "it failed", "x" * 300)
"""No honest role gives one of these as the reason of a cancel or a deadline."""
_CONTROL = (Kind.ABORT, Kind.COMPENSATED, Kind.CANCEL, Kind.DONE, Kind.SETTLED, Kind.ENDED)


class Lies:
    """The forger. `roles`: the roles that it plays, by choreography. `bindings`: the service of each role, by
    choreography."""

    def __init__(
        self,
        service: str,
        subjects: Sequence[Subject],
        bindings: Mapping[str, Mapping[str, str]],
        chance: random.Random,
        now: Any,
    ) -> None:
        self._service = service
        self._subjects = {subject.choreography.name: subject for subject in subjects}
        self._bindings = bindings
        self._chance = chance
        self._now = now
        self._headers: dict[UUID, Header] = {}
        self._heard: list[Message] = []
        self.invented: set[UUID] = set()
        self._numbers = 0

    def hear(self, message: Message) -> None:
        """Note a message of its inbox."""
        if message.header.choreography in self._subjects:
            self._headers.pop(message.session, None)
            self._headers[message.session] = message.header
            while len(self._headers) > _known_max:
                del self._headers[next(iter(self._headers))]
        self._heard = [*self._heard[-_heard_max:], message]

    def some(self) -> tuple[str, list[Message]]:
        """The name of the next lie, and its messages."""
        moves = (
            (6, self._forged),
            (6, self._own),
            (5, self._ending),
            (4, self._ordered),
            (4, self._squatted),
            (3, self._smuggled),
            (2, self._replayed),
            (3, self._begun),
            (1, self._flooded),
        )
        [move] = self._chance.choices([move for _, move in moves], [weight for weight, _ in moves])
        header = self.header()
        if header is None:
            return "nothing", []
        return move.__name__.lstrip("_"), move(header)

    def flood(self) -> list[Message]:
        """Many messages at once, for sessions that do not exist."""
        header = self.header()
        return [] if header is None else self._flooded(header)

    def header(self) -> Header | None:
        """The header of a session that it knows, or of one that it makes up."""
        if self._headers and self._chance.random() < 0.85:
            return self._chance.choice(list(self._headers.values()))
        return self._made_up(self._chance.choice(list(self._subjects)))

    def _made_up(self, name: str) -> Header | None:
        choreography = self._subjects[name].choreography
        known = [one for one in self._headers.values() if one.choreography == name]
        session = UUID(int=self._chance.getrandbits(128), version=4)
        self.invented.add(session)
        if known:
            return msgspec.structs.replace(self._chance.choice(known), session=session)
        return Header(
            session=session,
            choreography=name,
            fingerprint=choreography.fingerprint,
            initiator=choreography.initiator or "",
            bindings=dict(self._bindings[name]),
            started_at=self._now(),
        )

    # -- the moves ---------------------------------------------------------------------------------

    def _forged(self, header: Header) -> list[Message]:
        chance = self._chance
        kind = chance.choice(list(Kind))
        made = chance.random() < 0.5
        payload = self._fitting(header, kind) if made else self._payload(header)
        site = site_of(kind) if chance.random() < 0.5 else chance.choice(self._sites(header))
        sender = chance.choice([*self._roles(header), CLIENT, "nobody"])
        return [self._message(header, kind, site, sender, self._receiver(header), payload)]

    def _own(self, header: Header) -> list[Message]:
        """The messages that its role sends to others, with another content, or only some of them."""
        chance = self._chance
        places = [place for place in self._places(header) if place[1] in self._mine(header)]
        if not places:
            return self._ending(header)
        chosen = chance.sample(places, min(len(places), chance.randint(1, 3)))
        return [
            self._message(header, Kind(kind), self._turned(site), sender, receiver, self._value(header, Kind(kind)))
            for site, sender, kind, receiver in chosen
        ]

    def _ending(self, header: Header) -> list[Message]:
        """Messages that end the saga: one kind to all roles, or a different kind to each."""
        chance, same = self._chance, self._chance.choice(_CONTROL)
        alike = chance.random() < 0.6
        said = []
        for receiver in self._others(header):
            if chance.random() < 0.3:
                continue
            kind: Kind = same if alike else chance.choice(_CONTROL)
            site = DEADLINE_SITE if kind is Kind.CANCEL and chance.random() < 0.3 else site_of(kind)
            said.append(self._message(header, kind, site, self._speaker(header), receiver, self._fitting(header, kind)))
        return said

    def _ordered(self, header: Header) -> list[Message]:
        """Operators' verbs for others: park their roles, and resolve their calls."""
        chance, receiver, sender = self._chance, self._receiver(header), self._speaker(header)
        verbs = [Verb.PARK, chance.choice((Verb.RESOLVE, Verb.SKIP, Verb.END, Verb.REHOST, Verb.RETRY))]
        if chance.random() < 0.5:
            verbs = [chance.choice(list(Verb))]
        said = []
        for verb in verbs:
            self._numbers += 1
            site = f"{site_of(Kind.OPERATOR)}/{self._service}-{self._numbers}"
            said.append(self._message(header, Kind.OPERATOR, site, sender, receiver, self._order(header, verb)))
        return said

    def _squatted(self, header: Header) -> list[Message]:
        """A message in the name of another role, mostly of the kind that is expected there."""
        chance = self._chance
        places = [place for place in self._places(header) if place[1] not in self._mine(header)]
        places = [(site, sender, kind, receiver) for site, sender, kind, receiver in places if sender != receiver]
        if not places or chance.random() < 0.5:
            return self._answered_for(header)
        site, sender, name, receiver = chance.choice(places)
        said = Kind(name) if chance.random() < 0.7 else chance.choice(list(Kind))
        return [self._message(header, said, self._turned(site), sender, receiver, self._value(header, said))]

    def _answered_for(self, header: Header) -> list[Message]:
        """Another role's vote or answer, mostly to the initiator, which counts them."""
        chance, counts = self._chance, self._chance.random() < 0.6
        kind = chance.choice((Kind.DONE, Kind.COMPENSATED) if counts else _CONTROL)
        sender = chance.choice(self._others(header) or ["nobody"])
        receiver = header.initiator if counts else self._receiver(header)
        return [self._message(header, kind, site_of(kind), sender, receiver, self._fitting(header, kind))]

    def _smuggled(self, header: Header) -> list[Message]:
        """Its own message under a header of the session that is changed."""
        chance, roles = self._chance, self._roles(header)
        strange: list[dict[str, Any]] = [
            {"initiator": chance.choice([*self._mine(header), *roles])},
            {"bindings": {**header.bindings, chance.choice(roles): self._service}},
            {"bindings": dict.fromkeys(roles, self._service)},
            {"deadline": self._now() + chance.choice((-1.0, 0.5, 1e9))},
            {"fingerprint": chance.choice([one.choreography.fingerprint for one in self._subjects.values()])},
            {"fingerprint": "0" * 32},
            {"choreography": chance.choice([*self._subjects, "unheard of"])},
            {"started_at": chance.choice((0.0, 1e308, -5.0))},
            {"attributes": {"a\x1b[2J": "b\n"}},
            {"mode": "volatile"},
        ]
        changed = msgspec.structs.replace(header, **chance.choice(strange))
        honest = [place for place in self._places(header) if place[1] in self._mine(header)]
        if honest and chance.random() < 0.7:
            site, sender, kind, receiver = chance.choice(honest)
            return [
                self._message(
                    changed, Kind(kind), self._turned(site), sender, receiver, self._value(header, Kind(kind))
                )
            ]
        return self._ending(changed)

    def _replayed(self, header: Header) -> list[Message]:
        if not self._heard:
            return []
        heard, chance = self._chance.choice(self._heard), self._chance
        changes: dict[str, Any] = {}
        if chance.random() < 0.7:
            changes["receiver"] = self._receiver(header)
        if chance.random() < 0.3:
            changes["sender"] = self._speaker(header)
        if chance.random() < 0.3:
            changes["header"] = header
        if chance.random() < 0.2:
            changes["payload"] = self._payload(header)
        return [msgspec.structs.replace(heard, **changes)]

    def _begun(self, header: Header) -> list[Message]:
        """Messages that begin a session at others: a start at an initiator, an event, an abort of a new session."""
        chance, subject = self._chance, self._subjects.get(header.choreography)
        if subject is None:
            return []
        match chance.choice(("start", "event", "abort")):
            case "start":
                if chance.random() < 0.7:
                    header = self._made_up(header.choreography) or header
                sender = chance.choice((CLIENT, self._speaker(header)))
                start = chance.choice(subject.starts)
                return [self._message(header, Kind.START, site_of(Kind.START), sender, subject.initiator, start)]
            case "event" if subject.events:
                mine = self._mine(header)
                role, name = chance.choice([one for one in subject.events if one[0] not in mine] or subject.events)
                of = self._service if chance.random() < 0.3 else header.bindings.get(role, "")
                value = subject.event(role, name, chance) or subject.made_up(role, name)
                told = event(header.session, role, of, name, value, self._now())
                if chance.random() < 0.4:
                    told = msgspec.structs.replace(told, sender=self._speaker(header))
                if chance.random() < 0.2:
                    told = msgspec.structs.replace(told, header=header)
                return [told]
            case _:
                made = self._made_up(header.choreography) or header
                return [
                    self._message(made, Kind.ABORT, site_of(Kind.ABORT), self._speaker(made), role, b'"no"')
                    for role in self._others(made)
                ]

    def _flooded(self, header: Header) -> list[Message]:
        chance, kind, receiver = self._chance, self._chance.choice(list(Kind)), self._receiver(header)
        sender, site = self._speaker(header), chance.choice((site_of(kind), *self._sites(header)))
        said = []
        for _ in range(chance.choice((20, 200))):
            made = self._made_up(header.choreography) if header.choreography in self._subjects else None
            if made is not None:
                said.append(self._message(made, kind, site, sender, receiver, self._fitting(made, kind)))
        return said

    # -- parts of messages -------------------------------------------------------------------------

    def _message(self, header: Header, kind: Kind, site: str, sender: str, receiver: str, payload: bytes) -> Message:
        return Message(header=header, kind=kind, site=site, sender=sender, receiver=receiver, payload=payload)

    def _roles(self, header: Header) -> list[str]:
        return list(header.bindings)

    def _mine(self, header: Header) -> list[str]:
        bound = self._bindings.get(header.choreography, {})
        return [role for role, service in bound.items() if service == self._service]

    def _others(self, header: Header) -> list[str]:
        mine = self._mine(header)
        return [role for role in header.bindings if role not in mine]

    def _receiver(self, header: Header) -> str:
        return self._chance.choice(self._others(header) or ["nobody"])

    def _speaker(self, header: Header) -> str:
        """A sender: mostly a role that it plays, or the initiator, whose message ends a saga."""
        mine, drawn = self._mine(header), self._chance.random()
        if mine and drawn < 0.7:
            return self._chance.choice(mine)
        return header.initiator if drawn < 0.85 else self._chance.choice([*header.bindings, CLIENT])

    def _places(self, header: Header) -> list[tuple[str, str, str, str]]:
        """Site, sender, kind and receiver of every message of the choreography to other services."""
        subject = self._subjects.get(header.choreography)
        if subject is None:
            return []
        found = [
            (site, sender, kind, role)
            for role in self._others(header)
            if role in subject.choreography.projections
            for site, sender, kind in subject.choreography.projections[role].receives or ()
        ]
        return sorted(found)

    def _turned(self, site: str) -> str:
        """A point of the program as a site in a message."""
        return site.replace("[]", f"[{self._chance.randint(1, 3)}]")

    def _sites(self, header: Header) -> list[str]:
        heard = [message.site for message in self._heard[-20:]]
        return [*(self._turned(place[0]) for place in self._places(header)), *heard, "nowhere", f"{EVENT_SITE}x"]

    def _payload(self, header: Header) -> bytes:
        """A payload that was sent before, one that could be, or nonsense."""
        chance, subject = self._chance, self._subjects.get(header.choreography)
        heard = [message.payload for message in self._heard if message.kind in (Kind.DATA, Kind.CHOICE)]
        if heard and chance.random() < 0.3:
            return chance.choice(heard)
        if subject is not None and subject.values and chance.random() < 0.7:
            return chance.choice(subject.values)
        return chance.choice(_ODD)

    def _value(self, header: Header, kind: Kind) -> bytes:
        if kind is Kind.CHOICE and self._chance.random() < 0.9:
            label = orjson.dumps(self._chance.choice(("then", "else", "1", "2")))
            rides = b"," + self._payload(header) if self._chance.random() < 0.4 else b""
            return b"[" + label + rides + b"]"
        return self._fitting(header, kind)

    def _fitting(self, header: Header, kind: Kind) -> bytes:
        """A payload that mostly has the form of its kind."""
        chance = self._chance
        roles = chance.sample(self._roles(header), chance.randint(0, len(header.bindings)))
        reason, left = chance.choice(_REASONS), chance.random() < 0.2
        match kind:
            case Kind.ABORT if left:
                return orjson.dumps({"reason": reason, "left": True})
            case Kind.ABORT | Kind.ENDED | Kind.CANCEL:
                return orjson.dumps(reason)
            case Kind.COMPENSATED:
                return orjson.dumps({"reason": reason, "roles": roles} | ({"left": True} if left else {}))
            case Kind.DONE:
                return orjson.dumps(roles)
            case Kind.SETTLED:
                return b"null"
            case Kind.OPERATOR:
                return self._order(header, chance.choice(list(Verb)))
            case _:
                return self._payload(header)

    def _order(self, header: Header, verb: Verb) -> bytes:
        said: dict[str, Any] = {"verb": verb.value, "who": "nobody", "why": "x"}
        value = self._payload(header)
        if verb in (Verb.RESOLVE, Verb.REHOST) and value not in (b"{", b"\x00\xff"):
            said["value"] = orjson.Fragment(value)
        return orjson.dumps(said)
