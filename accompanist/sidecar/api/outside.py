"""What comes from outside, and what is waited for: the part of the API that is about events and timers.

    session.signal  {session, role, name, value}           tell an event, at the service that plays the role
    event.list      {session?, limit?}                     what was told
    timer.list      {session?, limit?}                     what is waited for
    timer.move      {session, role, site?, at?, who, why}  let a timer be due at another time; without `at` now

An event is checked against the program of its session before it is written, and it is on disk when the answer leaves.
It is kept as it was told, and read by the program that asks for it. The first that is told wins: told again it changes
nothing, and another value under its name is refused. One that comes before its session waits for it, at most
`tombstone_s`; it is checked against every program here that the session may come to run, and refused if it fits none.
If it then does not fit the one that asks, the session is parked (ACC217) and a person gives the value. A move is
audited in the commit that does it, with who and why.

Not promised: that an event is used. A session may have gone another way, because time was first or it was undone.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any, assert_never
from uuid import UUID

import msgspec
import orjson

from accompanist import limits
from accompanist.errors import AuthorError, OperatorError, PeerError, catalogue
from accompanist.language import waits
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.rpc.access import proved
from accompanist.rpc.dispatch import Handler
from accompanist.runtime import control
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Delivery, Memory, Timer
from accompanist.runtime.who import Who
from accompanist.sidecar.api.public import (
    OVER,
    UNHOSTED,
    UNKNOWN_SESSION,
    Api,
    Pages,
    plain,
    read,
    while_the_log_answers,
)
from accompanist.sidecar.api.search import Name, Site, Words
from accompanist.sidecar.hosting import Hosted
from accompanist.sidecar.sessions.dormant import first_of

UNKNOWN_EVENT = catalogue(
    "ACC740",
    "unknown event",
    "What a role can be told is written in its choreography: role.event(NAME, TYPE). No version that is hosted here "
    "and that the session can be of waits for this one, at this role.",
    "Compare the names of the role and of the event with those in the choreography's text.",
)
WRONG_EVENT = catalogue(
    "ACC741",
    "value does not fit the event",
    "An event says a value of the type that the choreography states, and is refused before it is written otherwise.",
    "Give JSON of that type.",
)
CONTRADICTED = catalogue(
    "ACC742",
    "event was told otherwise",
    "An event is a fact: the first value that is told counts, and parts of the saga may have acted on it.",
    "`accompanist sessions show ID` has what was told. What is to be taken back is another event, or a cancel.",
)
TOO_EARLY = catalogue(
    "ACC743",
    "too many events wait for their sessions",
    "Events that come before their session are kept, up to a bound. This service does not know the session yet.",
    "Start the session first, or tell the event again later; see that the id is that of a session of this service.",
)
NO_TIME = catalogue(
    "ACC745",
    "not a time that a timer can have",
    "A timer is moved to a moment in seconds since the epoch: not before the epoch, and not beyond ten years from now.",
    "Give such a moment, e.g. `accompanist timers move … --in 60`; `accompanist timers fire` lets it be due now.",
)
NO_TIMER = catalogue(
    "ACC744",
    "no such timer",
    "The session waits for no timer there: it has fired, or it was overtaken by an event or an abort.",
    "`accompanist timers list` shows those that are set; name the site where a role has more than one.",
)

Rows = Annotated[int, msgspec.Meta(ge=1, le=limits.list_rows_max)]


class Signal(msgspec.Struct, forbid_unknown_fields=True):
    session: UUID
    role: Name
    name: Name
    value: msgspec.Raw


class Listed(msgspec.Struct, forbid_unknown_fields=True):
    session: UUID | None = None
    limit: Rows = 100


class Move(msgspec.Struct, forbid_unknown_fields=True):
    session: UUID
    role: Name
    who: Words
    why: Words
    site: Site | None = None
    at: float | None = None


class Outside:
    """The methods above. `timed` is told that a timer may be due in so many seconds."""

    def __init__(
        self,
        service: str,
        hosted: Hosted,
        log: Pages,
        api: Api,
        timed: Callable[[float], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._service = service
        self._hosted = hosted
        self._log = log
        self._api = api
        self._timed = timed
        self._clock = clock

    def methods(self) -> dict[str, Handler]:
        methods = {
            "session.signal": self.signal,
            "event.list": self.events,
            "timer.list": self.timers,
            "timer.move": self.move,
        }
        return {name: while_the_log_answers(method) for name, method in methods.items()}

    async def signal(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        asked = read(params, Signal)
        [memory] = await self._log.load([(asked.session, asked.role)])
        if memory.session is not None and memory.session.outcome is not None:
            raise PeerError(OVER, f"{asked.session} is {memory.session.outcome} at {asked.role}")
        payload = self._checked(asked, self._programs(asked, memory))
        message = control.event(asked.session, asked.role, self._service, asked.name, payload, self._clock())
        known = memory.session is not None or first_of(memory.inbox) is not None
        if not known and not _is_there(memory, message) and await self._log.early_events() >= limits.early_events_max:
            raise OperatorError(TOO_EARLY, f"{self._service} knows no session {asked.session}", "tell it again later")
        delivery = await self._api.deliver(message)
        match delivery:
            case Delivery.STORED | Delivery.SAME:
                new = delivery is Delivery.STORED
            case Delivery.CLASH:
                text = f"{asked.name} was told to {asked.role} of {asked.session} with another value"
                raise PeerError(CONTRADICTED, text)
            case Delivery.CLOSED:
                raise PeerError(OVER, f"{asked.session} is over at {asked.role}, and was collected")
            case _:
                assert_never(delivery)
        told = {"session": str(asked.session), "role": asked.role, "name": asked.name}
        return orjson.dumps(told | {"new": new, "early": not known})

    def _programs(self, asked: Signal, memory: Memory) -> Sequence[RoleProgram]:
        """What the session runs on at the role, or, while that is not known, everything it may run on."""
        hosted = (one for one in memory.inbox if self._hosted.program(one.header, asked.role) is not None)
        first = first_of(hosted) or first_of(memory.inbox)
        header = memory.session.version if memory.session is not None else first.header if first is not None else None
        if header is None:
            return self._hosted.playing(asked.role)
        program = self._hosted.program(header, asked.role)
        if program is None:
            raise OperatorError(UNHOSTED, f"{asked.session} began with version {header.fingerprint[:12]}")
        return [program]

    def _checked(self, asked: Signal, programs: Sequence[RoleProgram]) -> bytes:
        """The value as it was told. Raises AuthorError for an event or a value that no program has a place for."""
        events = [event for program in programs for event in _events(program)]
        types = [type for name, type in events if name == asked.name]
        if not types:
            known = sorted({name for name, _ in events})
            close = difflib.get_close_matches(asked.name, known, 1)
            text = f"{self._service} waits for no event {asked.name[: limits.name_chars_max]!r} at {asked.role!r}"
            hint = f"{close[0]}?" if close else f"there are: {', '.join(known)}" if known else ""
            raise AuthorError(UNKNOWN_EVENT, text, hint or "no role of that name waits for an event here")
        problems: list[codec.DecodeError] = []
        for type in types:
            try:
                value = codec.canonical(bytes(asked.value))
                codec.decode_exactly(value, type)
            except codec.DecodeError as problem:
                problems.append(problem)
            else:
                return value
        raise AuthorError(WRONG_EVENT, f"{asked.name}: {problems[-1].text}", problems[-1].hint)

    async def events(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        asked = read(params, Listed)
        return orjson.dumps({"events": await self._log.events(asked.session, limit=asked.limit)}, default=plain)

    async def timers(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        asked = read(params, Listed)
        found = [_shown(timer) for timer in await self._log.timers(asked.session, limit=asked.limit)]
        return orjson.dumps({"timers": found}, default=plain)

    async def move(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        asked = read(params, Move)
        if asked.at is not None and not 0 <= asked.at <= self._clock() + limits.timer_seconds_max:
            raise PeerError(NO_TIME, f"{asked.at:g} is before the epoch, or beyond ten years from now")
        set_here = [timer for timer in await self._log.timers(asked.session) if timer.role == asked.role]
        if not set_here:
            [memory] = await self._log.load([(asked.session, asked.role)])
            if memory.session is None:
                raise PeerError(UNKNOWN_SESSION, f"{self._service} plays no {asked.role} in session {asked.session}")
        chosen = [timer for timer in set_here if asked.site in (None, timer.site)]
        if len(chosen) != 1:
            if not set_here:
                raise PeerError(NO_TIMER, f"no timer is set for {asked.role} of {asked.session}")
            sites = ", ".join(timer.site for timer in set_here)
            raise PeerError(
                NO_TIMER, f"{asked.role} of {asked.session} has timers at: {sites}", "give one of these sites"
            )
        who = Who(proved=proved(), claimed=asked.who)
        if not await self._log.move_timer(asked.session, asked.role, chosen[0].site, asked.at, who, asked.why):
            raise PeerError(NO_TIMER, f"the timer of {asked.role} at {chosen[0].site} has ended meanwhile")
        self._timed(0.0)
        [now] = [one for one in await self._log.timers(asked.session) if one.site == chosen[0].site] or chosen
        return orjson.dumps(_shown(now), default=plain)


def _events(program: RoleProgram) -> list[tuple[str, Any]]:
    """The events that a role waits for, with the types of what they say."""
    found = [(waits.event_in(name), returns) for name, (_, returns) in program.operation_types.items()]
    return [(name, returns) for name, returns in found if name is not None]


def _is_there(memory: Memory, message: Message) -> bool:
    return any(held.site == message.site for held in memory.inbox)


def _shown(timer: Timer) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(timer)
    return shown | {"waiting": waits.in_words(timer.operation)}
