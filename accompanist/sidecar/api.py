"""The sidecar's public API: JSON-RPC 2.0 over HTTP, for clients in any language.

    session.start   {choreography, arguments, role?, key?, deadline_ms?, wait_ms?, attributes?}
    session.get     {session}
    session.result  {session, wait_ms?, early?}
    session.cancel  {session, reason?}
    session.list    {role?, choreography?, state?, outcome?, open?, parked?, retrying?, waiting?, older_s?, idle_s?,
                     attributes?, after?, limit?}

and what `sidecar.outside` lists, about events and timers, and `sidecar.operating`, about what people do.

`start` answers when the start, its arguments and its fingerprint are stable, which is what "accepted" means; with
`wait_ms` it answers when the saga has ended, or when the time is over. With a `key` a repeated start is the same
session, and other arguments under that key are an error. `result` waits for settlement; `early` for the initiator's
own end, after which the saga can still be undone by others. What right each method needs: `sidecar.rights`.

    {"session": ..., "choreography": ..., "state": ..., "outcome": "settled" | "ended" | null,
     "reason": ..., "result": ..., "waiting": ..., "parked": {"code", "text"} | null, "new": true}

The reason and the outcome are known at the initiator, the result at its owners (design 3.6). Not promised: an answer
about a session of another service.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Protocol
from uuid import UUID, uuid4, uuid5

import msgspec
import orjson

from accompanist import crashpoints, limits
from accompanist.errors import AuthorError, OperatorError, PeerError, catalogue
from accompanist.language import codec
from accompanist.rpc.server import Handler
from accompanist.runtime.control import CLIENT, control, site_of
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import Commit, Delivery, Log, LogUnavailable, Memory, SessionRow, SessionSummary
from accompanist.runtime.replay import decode_arguments
from accompanist.sidecar.commits import Committer
from accompanist.sidecar.driver import Driver
from accompanist.sidecar.hosting import UNKNOWN_CHOREOGRAPHY, Hosted
from accompanist.sidecar.search import Attributes, List, Name, Words
from accompanist.sidecar.standing import exits_of
from accompanist.sidecar.tracing import Tracing
from accompanist.telemetry import context

UNKNOWN_SESSION = catalogue(
    "ACC710",
    "unknown session",
    "This service has no session of that id: it was started elsewhere, it was collected, or it never was.",
    "Ask the service that plays the choreography's initiator.",
)
KEY_TAKEN = catalogue(
    "ACC711",
    "idempotency key taken",
    "A session was started with this key and other arguments, or another choreography. A key stands for one request.",
    "Use a new key for a new request; repeat a request with the very same arguments.",
)
WRONG_PARAMETERS = catalogue(
    "ACC712",
    "wrong parameters",
    "The parameters of an API method do not fit what it takes.",
    "Compare them with the list at the top of accompanist/sidecar/api.py.",
)
WRONG_ARGUMENTS = catalogue(
    "ACC714",
    "arguments do not fit the choreography",
    "The arguments a choreography is started with are checked against its parameters before anything is written.",
    "Give every parameter that is no role, by name, as JSON of the type that the choreography states.",
)
NOT_PARKED = catalogue(
    "ACC715",
    "session is not parked",
    "Every verb but park is for a session that waits for an operator; this one goes its own way.",
    "`accompanist sessions list --parked` shows those that wait; `park` stops one on purpose.",
)
NO_LOG = catalogue(
    "ACC716",
    "the log is away",
    "The sidecar's Postgres does not answer now. Nothing is lost: sessions wait, and go on when it is back.",
    "Ask again; if it stays so, look at Postgres and at `accompanist doctor`.",
)
OVER = catalogue(
    "ACC717",
    "session is over",
    "A session that is settled or ended stays so.",
    "To take back what a settled saga did is another saga.",
)
UNHOSTED = catalogue(
    "ACC718",
    "version is not hosted",
    "A session goes on with the version of the choreography it began with. No sidecar of this service has that "
    "deployed, and its log cannot bring it back: it was never registered here, or it cannot be run by this release.",
    "Start a sidecar that has that version deployed; `accompanist sessions show ID` says why it is missing.",
)
LEAVING = catalogue(
    "ACC713",
    "the sidecar is stopping",
    "It ends what is under way and takes nothing new.",
    "Ask another replica, or this one after its restart.",
)


Wait = Annotated[int, msgspec.Meta(ge=0)]
Patience = Annotated[int, msgspec.Meta(ge=0, le=limits.deadline_ms_max)]


class Start(msgspec.Struct, forbid_unknown_fields=True):
    choreography: Name
    arguments: msgspec.Raw
    role: Name | None = None
    key: Words | None = None
    deadline_ms: Patience | None = None
    wait_ms: Wait = 0
    attributes: Attributes = {}


class Get(msgspec.Struct, forbid_unknown_fields=True):
    session: UUID


class Result(msgspec.Struct, forbid_unknown_fields=True):
    session: UUID
    wait_ms: Wait = 30_000
    early: bool = False


class Cancel(msgspec.Struct, forbid_unknown_fields=True):
    session: UUID
    reason: Words = "by a client"


class Pages(Log, Protocol):
    """The log, with what `session.get` shows."""

    async def show(self, session: UUID) -> Any: ...


class Waiters:
    """Clients that wait for a session to end here. Each is handed the row with which it ended, which is in the log."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, list[tuple[bool, asyncio.Future[SessionRow]]]] = {}

    @property
    def count(self) -> int:
        return sum(map(len, self._waiting.values()))

    def ended(self, row: SessionRow) -> None:
        """A role's own end, or the saga's."""
        if row.role != row.header.initiator:
            return
        for early, future in self._waiting.get(row.header.session, ()):
            if not future.done() and (early or row.outcome is not None):
                future.set_result(row)

    @contextmanager
    def wait(self, session: UUID, early: bool) -> Iterator[asyncio.Future[SessionRow]]:
        """A future of the session's end, for as long as the block lasts."""
        entry = (early, asyncio.get_running_loop().create_future())
        entries = self._waiting.setdefault(session, [])
        entries.append(entry)
        try:
            yield entry[1]
        finally:
            entries.remove(entry)
            if not entries:
                self._waiting.pop(session, None)


class Api:
    """The methods above, over one sidecar."""

    def __init__(
        self,
        service: str,
        hosted: Hosted,
        log: Pages,
        committer: Committer,
        driver: Driver,
        tracing: Tracing,
        waiters: Waiters,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        self._service = service
        self._hosted = hosted
        self._log = log
        self._committer = committer
        self._driver = driver
        self._tracing = tracing
        self._waiters = waiters
        self._clock = clock
        self._monotonic = monotonic
        self._new_id = new_id
        self.leaving = False

    def methods(self) -> dict[str, Any]:
        methods = {
            "session.start": self.start,
            "session.get": self.get,
            "session.result": self.result,
            "session.cancel": self.cancel,
            "session.list": self.list,
        }
        return {name: while_the_log_answers(method) for name, method in methods.items()}

    async def start(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        began = time.time_ns()
        asked = read(params, Start)
        if self.leaving:
            raise OperatorError(LEAVING, f"{self._service} takes no new session")
        message, incoming = self._first(asked, meta)
        session = message.session
        delivery = await self.deliver(message)
        if delivery in (Delivery.CLASH, Delivery.SAME) and await self._other(message, delivery):
            raise AuthorError(KEY_TAKEN, f"the key of session {session} stands for another request")
        new = delivery is Delivery.STORED
        if new:
            crashpoints.reached("sidecar.start_committed")
            self._tracing.started(message, incoming, began)
        if asked.wait_ms:
            view = await self._answer(session, message.receiver, asked.wait_ms, new=new)
        else:
            view = {"session": str(session), "choreography": asked.choreography}
        return orjson.dumps(view | {"new": new})

    def _first(self, asked: Start, meta: bytes | None) -> tuple[Message, dict[str, str]]:
        """The message that a start is, checked in full before anything is written."""
        program, bindings = self._hosted.startable(asked.choreography)
        if asked.role is not None and asked.role != program.role:
            raise AuthorError(
                UNKNOWN_CHOREOGRAPHY,
                f"{asked.choreography} is started by its initiator {program.role}, not by {asked.role}",
                f"use role {program.role}",
            )
        try:
            arguments = codec.encode(decode_arguments(program, bytes(asked.arguments)))
        except codec.DecodeError as problem:
            raise AuthorError(WRONG_ARGUMENTS, f"{asked.choreography}: {problem.text}", problem.hint) from None
        session = uuid5(_namespace(self._service), asked.key) if asked.key is not None else self._new_id()
        incoming = _context_in(meta)
        header = Header(
            session=session,
            choreography=asked.choreography,
            fingerprint=program.choreography.fingerprint,
            initiator=program.role,
            bindings=dict(bindings),
            started_at=self._clock(),
            attributes=asked.attributes,
            deadline=self._clock() + asked.deadline_ms / 1000 if asked.deadline_ms is not None else None,
        )
        message = Message(
            header=header,
            kind=Kind.START,
            site=site_of(Kind.START),
            sender=CLIENT,
            receiver=program.role,
            payload=arguments,
            context=context.start_context(session, incoming),
        )
        return message, incoming

    async def deliver(self, message: Message) -> Delivery:
        """Put a client's message into this service's own inbox."""
        delivery = await self._driver.hand_in(message)
        if delivery is None:
            [delivery] = await self._committer.commit(Commit(shard=None, messages=(message,)))
        if delivery in (Delivery.FULL, Delivery.UNKNOWN):
            raise OperatorError(LEAVING, f"the inbox of {self._service} takes no more now")
        return delivery

    async def _other(self, message: Message, delivery: Delivery) -> bool:
        """Whether a session that is there was started by another request. One that is over may have lost its arguments
        (`collection`): then the key and the choreography decide."""
        try:
            first = (await self._memory(message.session)).inbox[0]
        except PeerError:
            return False  # it was collected meanwhile: nothing is left to compare with
        other = first.header.choreography != message.header.choreography
        return other or (delivery is Delivery.CLASH and first.payload != b"null")

    async def result(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        asked = read(params, Result)
        memory = await self._memory(asked.session)
        role = memory.inbox[0].receiver
        return orjson.dumps(await self._answer(asked.session, role, asked.wait_ms, early=asked.early))

    async def _answer(
        self, session: UUID, role: str, wait_ms: int, *, early: bool = False, new: bool = False
    ) -> dict[str, Any]:
        """The state of a session at its initiator, after it has ended or the time is over. The log is asked at the
        poll's pace, because another replica may be the one that ends it; a `new` one cannot have ended yet."""
        # who waits takes a place of the server; some are left for those who do not
        patient = self._waiters.count < limits.waiting_clients_max
        until = self._monotonic() + (min(wait_ms, limits.wait_ms_max) / 1000 if patient else 0.0)
        with self._waiters.wait(session, early) as ended:
            row = None if new else await self._row(session, role)
            while not _over(row, early) and not self.leaving and (left := until - self._monotonic()) > 0:
                await asyncio.wait((ended,), timeout=min(left, limits.poll_ms / 1000))
                row = ended.result() if ended.done() else await self._row(session, role)
        return _view(session, row)

    async def _row(self, session: UUID, role: str) -> SessionRow | None:
        """The session's row; None, too, while the log does not answer: who waits goes on waiting."""
        try:
            [memory] = await self._log.load([(session, role)])
        except LogUnavailable:
            return None
        return memory.session

    async def get(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        asked = read(params, Get)
        shown = await self._log.show(asked.session)
        if shown is None:
            raise PeerError(UNKNOWN_SESSION, f"{self._service} knows no session {asked.session}")
        parked = [row for row in shown.rows if row.parked is not None]
        memories = await self._log.load([(asked.session, row.role) for row in parked]) if parked else ()
        exits = [exits_of(self._hosted, self._service, memory) for memory in memories if memory.session is not None]
        unhosted = [
            {"role": role, "fingerprint": fingerprint, "why": self._hosted.why(fingerprint, role)}
            for (session, role), fingerprint in self._driver.unhosted.items()
            if session == asked.session
        ]
        more = {"unhosted": unhosted, "exits": exits}
        return orjson.dumps(plain(shown) | {name: found for name, found in more.items() if found}, default=plain)

    async def cancel(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        """Ask for the saga to be undone. It is a request: the owner of the commit point decides."""
        asked = read(params, Cancel)
        memory = await self._memory(asked.session)
        first = memory.inbox[0]
        if memory.session is not None and memory.session.outcome is not None:
            raise PeerError(OVER, f"{asked.session} is {memory.session.outcome}", "there is nothing left to cancel")
        self.hosted_here(asked.session, first.receiver)
        reason = asked.reason[: limits.reason_chars_max]
        message = control(first.header, Kind.CANCEL, CLIENT, first.receiver, reason)
        message = msgspec.structs.replace(message, context=first.context)
        await self.deliver(message)
        return orjson.dumps({"session": str(asked.session), "requested": True})

    def hosted_here(self, session: UUID, role: str) -> None:
        """Raises OperatorError for a session that nothing can be done for as long as its program is not hosted."""
        fingerprint = self._driver.unhosted.get((session, role))
        if fingerprint is not None:
            raise OperatorError(
                UNHOSTED,
                f"{session} began with version {fingerprint[:12]}, which {self._service} does not host: "
                f"{self._hosted.why(fingerprint, role)}",
                "start a sidecar that has that version deployed",
            )

    async def list(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        asked = read(params, List)
        found = await self._log.summaries(asked.search, after=asked.after, limit=asked.limit)
        rows = [self._noted(row) for row in found]
        return orjson.dumps({"sessions": rows}, default=plain)

    def _noted(self, row: SessionSummary) -> SessionSummary:
        fingerprint = self._driver.unhosted.get((row.session, row.role))
        if fingerprint is None:
            return row
        return msgspec.structs.replace(row, waiting=f"version {fingerprint[:12]} to be hosted")

    async def _memory(self, session: UUID) -> Memory:
        """The session at its initiator. Raises PeerError if it was not started here."""
        for role in sorted(self._hosted.initiators):
            [memory] = await self._log.load([(session, role)])
            starts = tuple(message for message in memory.inbox if message.kind is Kind.START)
            if starts:
                others = tuple(message for message in memory.inbox if message.kind is not Kind.START)
                return msgspec.structs.replace(memory, inbox=starts + others)
        raise PeerError(UNKNOWN_SESSION, f"{self._service} started no session {session}")


def while_the_log_answers(method: Handler) -> Handler:
    """The method, with an error of its own where the log is away."""

    async def answered(params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        try:
            return await method(params, meta)
        except LogUnavailable as problem:
            raise OperatorError(NO_LOG, f"the log does not answer ({problem})", "ask again") from None

    return answered


def _namespace(service: str) -> UUID:
    return uuid5(UUID("6f1c2b0e-2c0b-5d0e-9d63-0f6d2a6b8a55"), service)


def read(params: dict[str, msgspec.Raw], type: Any) -> Any:
    """A method's parameters. Raises PeerError."""
    try:
        return msgspec.convert(
            {k: v if k in ("arguments", "value") else msgspec.json.decode(v) for k, v in params.items()}, type
        )
    except msgspec.ValidationError as problem:
        raise PeerError(WRONG_PARAMETERS, codec.unquoted(str(problem))) from None


def _context_in(meta: bytes | None) -> dict[str, str]:
    """The client's W3C headers, if it sent any. What is no string is no header."""
    if meta is None:
        return {}
    try:
        given = msgspec.json.decode(meta, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
    return {key: given[key] for key in ("traceparent", "tracestate", "baggage") if isinstance(given.get(key), str)}


def _over(row: SessionRow | None, early: bool) -> bool:
    return row is not None and (row.outcome is not None or (early and row.vote is not None))


def _view(session: UUID, row: SessionRow | None) -> dict[str, Any]:
    """A session's state for a client. There is no row as long as the first worker has not answered."""
    if row is None:
        return {"session": str(session), "state": "running", "outcome": None, "reason": None, "result": None}
    return {
        "session": str(session),
        "choreography": row.header.choreography,
        "state": row.phase.value,
        "outcome": row.outcome,
        "reason": row.reason,
        "result": orjson.Fragment(row.result) if row.result is not None else None,
        "waiting": row.waiting,
        "parked": plain(row.parked) if row.parked else None,
    }


def plain(value: Any) -> Any:
    """What JSON takes; bytes are JSON already."""
    if isinstance(value, bytes):
        return orjson.Fragment(value)
    return msgspec.to_builtins(value, builtin_types=(bytes,))
