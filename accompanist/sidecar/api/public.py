"""The sidecar's public API: JSON-RPC 2.0 over HTTP, for clients in any language.

    session.start   {choreography, arguments, role?, key?, deadline_ms?, wait_ms?, attributes?, volatile?}
    session.get     {session, after?}
    session.result  {session, wait_ms?, early?}
    session.cancel  {session, reason?}
    session.list    {role?, choreography?, state?, outcome?, open?, parked?, retrying?, waiting?, older_s?, idle_s?,
                     attributes?, after?, limit?}

In place of `session`, these three and `session.signal` take the key of the start, `{key}`, or attributes,
`{attributes, choreography?}` (`sidecar.api.correlation`). Their answers name the session.

The methods for events and timers are in `sidecar.api.events_and_timers`, those for operators in
`sidecar.api.operators`.

`start` answers when the start, its arguments and its fingerprint are stable: that is what "accepted" means. With
`wait_ms` it answers when the saga is over, or when that time has passed. `key` is an idempotency key: a repeated start
returns the same session, and another request under the key is an error. Requests are compared as they were sent, even
if the choreography's types have changed in the meantime. A key is remembered for `collect_after_s` and `tombstone_s`
after its session; then it starts another session. `result` waits for settlement; with `early`, for the initiator's own
end, after which other roles can still undo the saga. `sidecar.api.rights` has the right that each method needs.

    {"session": ..., "choreography": ..., "state": ..., "outcome": "settled" | "ended" | null,
     "reason": ..., "result": ..., "waiting": ..., "parked": {"code", "text"} | null, "let_go_at": ..., "new": true}

A start with `volatile` begins a volatile session: no log keeps it, and it may end with the outcome `lost`
(docs/volatile.md). Its answers have `"volatile": true`.

The reason and the outcome are known at the initiator, the result at its owners. `let_go_at`: when the
result was deleted (`payload_after_s`, `collect_after_s`), in seconds since the epoch, or null. Not promised: an answer
about a session of another service.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, Protocol, assert_never
from uuid import UUID, uuid4

import msgspec
import orjson

from accompanist import crashpoints, limits
from accompanist.errors import OperatorError, PeerError, catalogue
from accompanist.language.values import codec
from accompanist.language.values.shape import beyond
from accompanist.log.story import NOTHING_SEEN, Story, StoryCursor
from accompanist.rpc.dispatch import Handler
from accompanist.runtime.control import CLIENT, control
from accompanist.runtime.headers import trace_headers, words
from accompanist.runtime.log import Log
from accompanist.runtime.loss import OUTCOME
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Commit, Delivery, LogUnavailable, Memory, SessionRow, SessionStub, SessionSummary
from accompanist.sidecar.api import limited, paging
from accompanist.sidecar.api.correlation import UNKNOWN_SESSION, Correlation, SessionRef
from accompanist.sidecar.api.own_ids import own_id
from accompanist.sidecar.api.search import List, Words
from accompanist.sidecar.api.standing import exits_of, to_stand_on
from accompanist.sidecar.api.starting import Start, Starting, Wait
from accompanist.sidecar.api.volatile import VolatileView
from accompanist.sidecar.api.waiters import Waiters
from accompanist.sidecar.hosting import Hosted
from accompanist.sidecar.sessions.commits import Committer
from accompanist.sidecar.sessions.driver import Driver
from accompanist.sidecar.tracing import Tracing
from accompanist.sidecar.volatile.sessions import VolatileSessions

WRONG_PARAMETERS = catalogue(
    "ACC712",
    "wrong parameters",
    "The parameters of an API method have the wrong names or types.",
    "Compare them with the list at the top of accompanist/sidecar/api/public.py.",
)
NOT_PARKED = catalogue(
    "ACC715",
    "session is not parked",
    "Every verb but park is for a parked session; this one is not parked.",
    "`accompanist sessions list --parked` lists the parked ones; `park` parks one on purpose.",
)
NO_LOG = catalogue(
    "ACC716",
    "the log is away",
    "The sidecar's Postgres does not answer now. Nothing is lost: sessions wait, and go on when it is back.",
    "Try again; if the error stays, check Postgres and run `accompanist doctor`.",
)
OVER = catalogue(
    "ACC717",
    "session is over",
    "A settled or ended session cannot be changed.",
    "To reverse what a settled saga did, start another saga.",
)
UNHOSTED = catalogue(
    "ACC718",
    "version is not hosted",
    "A session goes on with the version of the choreography it began with. No sidecar of this service has that version "
    "deployed, and it cannot be loaded from the log: it was never registered here, or this release cannot run it.",
    "Start a sidecar that has that version deployed; `accompanist sessions show ID` says why it is missing.",
)
INBOX_FULL = catalogue(
    "ACC719",
    "the inbox is full",
    "The limit of messages that wait for their sessions here is reached. Nothing was written.",
    "Try again after a while, a start with the same key; `accompanist doctor` says what the messages wait for.",
)
NOT_TAKEN = catalogue(
    "ACC729",
    "the log did not take it",
    "The service's log refused a message of its own sidecar, and nothing was written. The log is being migrated, or "
    "the login of the sidecar's connections has changed.",
    "Try again; if the error stays, check the sidecar's log lines, run `accompanist doctor`, and restart the sidecar.",
)
LEAVING = catalogue(
    "ACC713",
    "the sidecar is stopping",
    "The sidecar finishes what is under way and accepts no new start.",
    "Try another replica, or this one after its restart.",
)


NO_JSON = "(what came is no JSON)"
Held = Literal[Delivery.STORED, Delivery.SAME, Delivery.CLASH, Delivery.CLOSED]


class Get(SessionRef):
    """The parameters of `session.get`. `after`: `next` of the page before."""

    after: StoryCursor = NOTHING_SEEN


class Result(SessionRef):
    wait_ms: Wait = 30_000
    early: bool = False


class Cancel(SessionRef):
    reason: Words = "by a client"


class Pages(Log, Protocol):
    """The log, with what `session.get` shows."""

    async def show(self, session: UUID, seen: StoryCursor = NOTHING_SEEN) -> Story | None: ...


class Api:
    """The methods above, over one sidecar. `poll_s`: the longest time in seconds between two looks of a waiting client
    at the log."""

    def __init__(
        self,
        service: str,
        hosted: Hosted,
        log: Pages,
        committer: Committer,
        driver: Driver,
        tracing: Tracing,
        waiters: Waiters,
        volatile: VolatileSessions,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        new_id: Callable[[], UUID] = uuid4,
        poll_s: float = limits.poll_ms / 1000,
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
        self._poll_s = poll_s
        self._volatile = VolatileView(volatile, waiters, monotonic)
        self.correlation = Correlation(service, log, self._volatile)
        draw = partial(own_id, new_id, driver.holding.holds)
        self._starting = Starting(service, hosted, log, clock, draw, driver.limits)
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
        message = await self._starting.message(asked)
        session, role, incoming = message.session, message.receiver, _context_in(meta)
        message = msgspec.structs.replace(message, context=self._tracing.start(session, incoming))
        if asked.volatile:
            await self._volatile.sessions.start(message)
            self._tracing.started(message, incoming, began)
            return orjson.dumps(await self._volatile_view(session, asked.wait_ms) | {"new": True})
        delivery = await self.deliver(message)
        match delivery:
            case Delivery.STORED:
                new = True
            case Delivery.SAME:
                new = asked.key is None  # nobody else can have drawn its id: the answer to our own commit was lost
            case Delivery.CLASH if asked.key is not None:
                new = False  # the request is the same, and the arguments that it began with were let go
            case Delivery.CLOSED if (stub := await self._log.stub(session, role)) is not None:
                return orjson.dumps(_view_of_stub(session, stub) | {"new": False})
            case Delivery.CLASH | Delivery.CLOSED:
                raise OperatorError(NOT_TAKEN, f"the log of {self._service} answers {delivery.value} to a new session")
            case _:
                assert_never(delivery)
        if new:
            crashpoints.reached("sidecar.start_committed")
            self._tracing.started(message, incoming, began)
        if asked.wait_ms:
            view = await self._answer(session, role, asked.wait_ms, new=new)
        else:
            view = {"session": str(session), "choreography": asked.choreography}
        return orjson.dumps(view | {"new": new})

    async def deliver(self, message: Message) -> Held:
        """Put a client's message into this service's own inbox. Raises OperatorError if it was not stored."""
        delivery = await self._driver.hand_in(message)
        if delivery is None:
            [delivery] = await self._committer.commit(Commit(shard=None, messages=(message,)))
        match delivery:
            case Delivery.FULL:
                raise OperatorError(INBOX_FULL, f"the inbox of {self._service} takes no more now")
            case Delivery.UNKNOWN | Delivery.REFUSED | Delivery.NOWHERE:
                raise OperatorError(NOT_TAKEN, f"the log of {self._service} did not take the message")
            case Delivery.STORED | Delivery.SAME | Delivery.CLASH | Delivery.CLOSED:
                return delivery
            case _:
                assert_never(delivery)

    async def result(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        asked = read(params, Result)
        session = await self.correlation.session(asked)
        if self._volatile.sessions.row(session) is not None:
            return orjson.dumps(await self._volatile_view(session, asked.wait_ms, early=asked.early))
        found = await self._known(session)
        if isinstance(found, SessionStub):
            return orjson.dumps(_view_of_stub(session, found))
        role = found.inbox[0].receiver
        return orjson.dumps(await self._answer(session, role, asked.wait_ms, early=asked.early))

    async def _volatile_view(self, session: UUID, wait_ms: int, *, early: bool = False) -> dict[str, Any]:
        """The state of a volatile session at its initiator, once it is over or the time has passed."""
        row = await self._volatile.over(session, wait_ms, early=early)
        view = _view(session, row) | {"volatile": True}
        return view | {"state": OUTCOME} if row is not None and row.outcome == OUTCOME else view

    async def _answer(
        self, session: UUID, role: str, wait_ms: int, *, early: bool = False, new: bool = False
    ) -> dict[str, Any]:
        """The state of a session at its initiator, once it is over or the time has passed. Whoever runs the session
        tells of its end. The log is polled all the same, since that may be lost. A `new` session cannot be over yet."""
        # a waiting client occupies a slot of the server; keep some for other clients
        patient = self._waiters.count < limits.waiting_clients_max
        until = self._monotonic() + (min(wait_ms, limits.wait_ms_max) / 1000 if patient else 0.0)
        with self._waiters.wait(session, early) as waiter:
            row = None if new else await self._row(session, role)
            while not _over(row, early) and not self.leaving and (left := until - self._monotonic()) > 0:
                told = await waiter.told_within(min(left, self._poll_s))
                row = waiter.row or await self._row(session, role)
                if not (told or waiter.is_told) and _over(row, early):
                    self._waiters.found_by_poll(session, self._monotonic())
        if row is None and not new and (stub := await self._log.stub(session, role)) is not None:
            return _view_of_stub(session, stub)  # it was collected while this client waited
        return _view(session, row)

    async def _row(self, session: UUID, role: str) -> SessionRow | None:
        """The session's row. Also None while the log does not answer, so that a client goes on waiting."""
        try:
            [memory] = await self._log.load([(session, role)])
        except LogUnavailable:
            return None
        return memory.session

    async def get(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        asked = read(params, Get)
        session = await self.correlation.session(asked)
        if (volatile := self._volatile.story(session)) is not None:
            return paging.story(volatile, asked.after, {"volatile": True}, plain)
        shown = await self._log.show(session, asked.after)
        if shown is None:
            raise PeerError(UNKNOWN_SESSION, f"{self._service} knows no session {session}")
        parked = [row for row in shown.rows if row.parked is not None]
        memories = [await to_stand_on(self._log, session, row.role) for row in parked]
        exits = [exits_of(self._hosted, self._service, memory) for memory in memories if memory.session is not None]
        unhosted = [
            {"role": role, "fingerprint": fingerprint, "why": self._hosted.why(fingerprint, role)}
            for (one, role), fingerprint in self._driver.unhosted.items()
            if one == session
        ]
        more = {"unhosted": unhosted, "exits": exits, "limited": limited.told(session, self._driver.limits)}
        return paging.story(shown, asked.after, {name: found for name, found in more.items() if found}, plain)

    async def cancel(self, params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        """Request that the saga be undone. The owner of the commit point decides."""
        asked = read(params, Cancel)
        session = await self.correlation.session(asked)
        if (row := self._volatile.sessions.row(session)) is not None:
            if row.outcome is not None:
                raise PeerError(OVER, f"{session} is {row.outcome}", "there is nothing left to cancel")
            self._volatile.cancel(row, words(asked.reason))
            return orjson.dumps({"session": str(session), "requested": True, "new": True})
        memory = await self._known(session)
        if isinstance(memory, SessionStub):
            raise PeerError(OVER, f"{session} is {memory.outcome}", "there is nothing left to cancel")
        first = memory.inbox[0]
        if memory.session is not None and memory.session.outcome is not None:
            raise PeerError(OVER, f"{session} is {memory.session.outcome}", "there is nothing left to cancel")
        self.hosted_here(session, first.receiver)
        reason = words(asked.reason)
        message = control(first.header, Kind.CANCEL, CLIENT, first.receiver, reason)
        message = msgspec.structs.replace(message, context=first.context)
        delivery = await self.deliver(message)
        match delivery:
            case Delivery.STORED:
                new = True
            case Delivery.SAME | Delivery.CLASH:
                new = False  # a cancel was requested before, maybe with another reason
            case Delivery.CLOSED:
                raise PeerError(OVER, f"{session} is over and was collected", "there is nothing left to cancel")
            case _:
                assert_never(delivery)
        return orjson.dumps({"session": str(session), "requested": True, "new": new})

    def hosted_here(self, session: UUID, role: str) -> None:
        """Raises OperatorError for a session whose version is not hosted."""
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
        volatile = self._volatile.lines(asked.search, self._clock()) if asked.after is None else ()
        noted = limited.noted((*volatile, *found), self._driver.limits)
        rows = [self._noted(row) for row in noted][: asked.limit]
        return paging.lines(rows, asked.limit, plain)

    def _noted(self, row: SessionSummary) -> SessionSummary:
        fingerprint = self._driver.unhosted.get((row.session, row.role))
        if fingerprint is None:
            return row
        return msgspec.structs.replace(row, waiting=f"version {fingerprint[:12]} to be hosted")

    async def _known(self, session: UUID) -> Memory | SessionStub:
        """The session at its initiator, or its stub. Raises PeerError if it was not started here."""
        found = await self._starting.find(session)
        if found is None:
            raise PeerError(UNKNOWN_SESSION, f"{self._service} started no session {session}")
        return found


def while_the_log_answers(method: Handler) -> Handler:
    """Wrap a method, so that it fails with ACC716 while the log does not answer."""

    async def answered(params: dict[str, msgspec.Raw], meta: bytes | None) -> bytes:
        try:
            return await method(params, meta)
        except LogUnavailable as problem:
            raise OperatorError(NO_LOG, f"the log does not answer ({problem})", "ask again") from None

    return answered


def read(params: dict[str, msgspec.Raw], type: Any) -> Any:
    """Decode a method's parameters. Raises PeerError."""
    try:
        return msgspec.convert(
            {k: v if k in ("arguments", "value") else msgspec.json.decode(v) for k, v in params.items()}, type
        )
    except msgspec.ValidationError as problem:
        raise PeerError(WRONG_PARAMETERS, codec.unquoted(str(problem))) from None


def _context_in(meta: bytes | None) -> dict[str, str]:
    """The client's W3C trace headers, if it sent any."""
    if meta is None:
        return {}
    try:
        given = msgspec.json.decode(meta, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}
    return trace_headers({key: text for key, text in given.items() if isinstance(text, str)})


def _over(row: SessionRow | None, early: bool) -> bool:
    return row is not None and (row.outcome is not None or (early and row.vote is not None))


def _view(session: UUID, row: SessionRow | None) -> dict[str, Any]:
    """A session's state for a client. There may be no row before the first worker has answered."""
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
        "let_go_at": row.let_go_at,
    }


def _view_of_stub(session: UUID, stub: SessionStub) -> dict[str, Any]:
    """The state of a collected session: its outcome, and when the rest was deleted."""
    return {
        "session": str(session),
        "state": stub.outcome,
        "outcome": stub.outcome,
        "reason": None,
        "result": None,
        "let_go_at": stub.collected_at,
    }


def plain(value: Any) -> Any:
    """A value for JSON encoding. Bytes are JSON already, unless a peer sent something else."""
    if isinstance(value, bytes):
        return orjson.Fragment(value) if _is_json(value) else NO_JSON
    return msgspec.to_builtins(value, builtin_types=(bytes,))


def _is_json(data: bytes) -> bool:
    if beyond(data, limits.message_depth_max, limits.answer_parts_max):
        return False
    try:
        orjson.loads(data)
    except orjson.JSONDecodeError:
        return False
    return True
