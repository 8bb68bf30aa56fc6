"""The API for events from outside and timers.

    session.signal  {session, role, name, value}           send an event, at the service that plays the role
                    {key, …} or {attributes, choreography?, …} in place of {session, …}: `sidecar.api.correlation`
    event.list      {session?, limit?}                     the events that were sent
    timer.list      {session?, limit?}                     the timers that are set
    timer.move      {session, role, site?, at?, who, why}  move a timer to another time; without `at` to now

An event is checked against the program of its session before it is written, and it is on disk when the answer leaves.
It is stored as it was sent, and decoded by the program that waits for it. The first value of an event counts: repeating
it changes nothing, and another value under its name is refused. An event that names its session by id may come before
it, and waits for it, at most `tombstone_s`. It is then checked against every program here that the session may run, and
refused if it fits none. If it does not fit the program that waits for it, the session is parked (ACC217) and an
operator gives the value.
A move is audited in the same commit, with who and why.

Not promised: that an event is used. The session may not wait for it any more, after a timeout or because it was undone.
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
from accompanist.runtime.operator_identity import Operator
from accompanist.runtime.ports import Delivery, Memory, Timer
from accompanist.sidecar.api.correlation import UNKNOWN_SESSION, SessionRef
from accompanist.sidecar.api.public import (
    OVER,
    UNHOSTED,
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
    "A choreography declares the events that a role waits for: role.event(NAME, TYPE). No version of the session that "
    "is hosted here waits for this event at this role.",
    "Compare the names of the role and of the event with those in the choreography.",
)
WRONG_EVENT = catalogue(
    "ACC741",
    "value does not fit the event",
    "The value of an event must have the type that the choreography declares. Nothing was written.",
    "Give JSON of that type.",
)
CONTRADICTED = catalogue(
    "ACC742",
    "event was told otherwise",
    "An event was sent with another value before. The first value counts, because the saga may have acted on it.",
    "`accompanist sessions show ID` shows the first value. To revoke it, use another event, or cancel the saga.",
)
TOO_EARLY = catalogue(
    "ACC743",
    "too many events wait for their sessions",
    "Events that come before their session are stored, up to a limit. This service does not know the session yet.",
    "Start the session first, or send the event again later. Check that the id is that of a session of this service.",
)
NO_TIME = catalogue(
    "ACC745",
    "not a time that a timer can have",
    "A timer can be moved to a time in seconds since the epoch: not before the epoch, and at most ten years from now.",
    "Give such a time, e.g. `accompanist timers move … --in 60`; `accompanist timers fire` makes it due now.",
)
NO_TIMER = catalogue(
    "ACC744",
    "no such timer",
    "No timer is set there: it has fired, or an event or an abort came first.",
    "`accompanist timers list` shows those that are set; name the site if a role has more than one.",
)

Rows = Annotated[int, msgspec.Meta(ge=1, le=limits.list_rows_max)]


class Signal(SessionRef):
    role: Name
    name: Name
    value: msgspec.Raw


class Listed(msgspec.Struct, forbid_unknown_fields=True):
    session: UUID | None = None
    limit: Rows = 100


class MoveTimer(msgspec.Struct, forbid_unknown_fields=True):
    session: UUID
    role: Name
    who: Words
    why: Words
    site: Site | None = None
    at: float | None = None


class EventsAndTimers:
    """The methods above. `timed` is called with the seconds until a moved timer is due."""

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
        session = await self._api.correlation.session(asked)
        [memory] = await self._log.load([(session, asked.role)])
        if memory.session is not None and memory.session.outcome is not None:
            raise PeerError(OVER, f"{session} is {memory.session.outcome} at {asked.role}")
        payload = self._checked(asked, self._programs(session, asked.role, memory))
        message = control.event(session, asked.role, self._service, asked.name, payload, self._clock())
        known = memory.session is not None or first_of(memory.inbox) is not None
        if not known and not _is_there(memory, message) and await self._log.early_events() >= limits.early_events_max:
            raise OperatorError(TOO_EARLY, f"{self._service} knows no session {session}", "tell it again later")
        delivery = await self._api.deliver(message)
        match delivery:
            case Delivery.STORED | Delivery.SAME:
                new = delivery is Delivery.STORED
            case Delivery.CLASH:
                text = f"{asked.name} was told to {asked.role} of {session} with another value"
                raise PeerError(CONTRADICTED, text)
            case Delivery.CLOSED:
                raise PeerError(OVER, f"{session} is over at {asked.role}, and was collected")
            case _:
                assert_never(delivery)
        told = {"session": str(session), "role": asked.role, "name": asked.name}
        return orjson.dumps(told | {"new": new, "early": not known})

    def _programs(self, session: UUID, role: str, memory: Memory) -> Sequence[RoleProgram]:
        """The program that the session runs at the role; while that is not known, all that it may run."""
        hosted = (one for one in memory.inbox if self._hosted.program(one.header, role) is not None)
        first = first_of(hosted) or first_of(memory.inbox)
        header = memory.session.version if memory.session is not None else first.header if first is not None else None
        if header is None:
            return self._hosted.playing(role)
        program = self._hosted.program(header, role)
        if program is None:
            raise OperatorError(UNHOSTED, f"{session} began with version {header.fingerprint[:12]}")
        return [program]

    def _checked(self, asked: Signal, programs: Sequence[RoleProgram]) -> bytes:
        """The value, if one of the programs waits for this event and type. Raises AuthorError if none does."""
        events = [event for program in programs for event in waits.events_in(program.operation_types)]
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
        asked = read(params, MoveTimer)
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
        who = Operator(proved=proved(), claimed=asked.who)
        if not await self._log.move_timer(asked.session, asked.role, chosen[0].site, asked.at, who, asked.why):
            raise PeerError(NO_TIMER, f"the timer of {asked.role} at {chosen[0].site} has ended meanwhile")
        self._timed(0.0)
        [now] = [one for one in await self._log.timers(asked.session) if one.site == chosen[0].site] or chosen
        return orjson.dumps(_shown(now), default=plain)


def _is_there(memory: Memory, message: Message) -> bool:
    return any(held.site == message.site for held in memory.inbox)


def _shown(timer: Timer) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(timer)
    return shown | {"waiting": waits.in_words(timer.operation)}
