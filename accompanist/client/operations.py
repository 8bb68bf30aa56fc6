"""What a client does, without a network: each operation is a generator of requests and pauses.

    request  ─▶ sent by `asynchronous` or `synchronous` ─▶ its result is sent in, or its error is thrown in
    pause    ─▶ waited for

A request that failed is sent again while the client's patience lasts, from the first failure on, if that is safe and of
use: the sidecar did not answer, or it refused with a code that passes by itself (`answers.AGAIN`). All requests are
safe: a start has a key, or is sent once; an event and a cancel count once; the others read. An event and a cancel for a
session that is known by attributes only are not sent again where no answer came: the first may have ended that session,
and another one may have got the attributes.

Not promised: that a request that was given up was not carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID, uuid4

import msgspec

from accompanist import limits
from accompanist.client.answers import (
    AGAIN,
    LET_GO,
    UNWRITTEN,
    NotOver,
    Refused,
    SagaLost,
    SagaState,
    Undone,
    Unreachable,
    read,
)
from accompanist.client.choreographies import Asked, value_of
from accompanist.client.meant import MeantSession
from accompanist.errors import OperatorError
from accompanist.runtime.backoff import RETRIABLE, delay_ms


@dataclass(frozen=True)
class ApiRequest:
    """A call of the API. `wait_s`: for how long the sidecar may wait before it answers."""

    method: str
    params: Mapping[str, Any]
    wait_s: float = 0.0


@dataclass(frozen=True)
class Pause:
    seconds: float


T = TypeVar("T")
Operation = Generator[ApiRequest | Pause, Any, T]


@dataclass(frozen=True)
class Manner:
    """How a client asks. `patience_s`: for how long a request is sent again; `clock`: monotonic seconds; `jitter`: a
    number in [0, 1); `where`: the sidecar, for errors."""

    where: str
    patience_s: float
    clock: Callable[[], float]
    jitter: Callable[[], float]
    draw: Callable[[], UUID] = uuid4


@dataclass(frozen=True)
class Begin:
    """How a saga is to be started; see `Client.start`."""

    key: str | None = None
    role: str | None = None
    deadline_s: float | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    volatile: bool = False


class SessionLine(msgspec.Struct, frozen=True):
    """A line of `list`: a role of a session at this service."""

    session: UUID
    role: str
    choreography: str
    phase: str
    outcome: str | None = None
    waiting: str = ""
    retrying: int = 0


class _Begun(msgspec.Struct):
    session: UUID


class _Told(msgspec.Struct):
    session: UUID
    new: bool = True


class _Lines(msgspec.Struct):
    sessions: list[SessionLine]
    next: Any = None


def call(manner: Manner, request: ApiRequest, *, once: bool = False) -> Operation[Any]:
    """Send a request until there is an answer. `once`: not again, if none came, or if the first may have been carried
    out. Raises Refused, Unreachable, PeerError."""
    failures, until = 0, 0.0
    while True:
        try:
            return (yield request)
        except (Refused, Unreachable) as problem:
            failures += 1
            if failures == 1:
                until = manner.clock() + manner.patience_s
            pause = (delay_ms(failures, RETRIABLE, manner.jitter()) or 0) / 1000
            passes = not once if isinstance(problem, Unreachable) else problem.code in (UNWRITTEN if once else AGAIN)
            if not passes or manner.clock() + pause > until:
                raise
            yield Pause(pause)


def start(manner: Manner, asked: Asked[Any], begin: Begin) -> Operation[UUID]:
    """Start a saga; its session's id. A volatile one has no key, so it is asked for once: another start would be
    another saga."""
    params: dict[str, Any] = {
        "choreography": asked.choreography,
        "arguments": asked.arguments,
        "attributes": dict(begin.attributes),
    }
    if begin.volatile:
        params["volatile"] = True
    if begin.key is not None or not begin.volatile:
        params["key"] = str(manner.draw()) if begin.key is None else begin.key
    if begin.role is not None:
        params["role"] = begin.role
    if begin.deadline_s is not None:
        params["deadline_ms"] = round(begin.deadline_s * 1000)
    once = replace(manner, patience_s=0.0) if begin.volatile else manner
    try:
        said = yield from call(once, ApiRequest("session.start", params))
    except Unreachable as problem:
        problem.key = params.get("key")
        raise
    return read(said, _Begun, manner.where).session  # type: ignore[no-any-return]


def standing(manner: Manner, meant: MeantSession, wait_s: float = 0.0) -> Operation[SagaState]:
    """Where a saga stands: at once, or when it is over or `wait_s` have passed."""
    params = {**meant.params, "wait_ms": round(wait_s * 1000)}
    said = yield from call(manner, ApiRequest("session.result", params, wait_s))
    found: SagaState = read(said, SagaState, manner.where)
    meant.learn(found.session)
    return found


def result(manner: Manner, meant: MeantSession, type: Any, timeout_s: float | None) -> Operation[Any]:
    """Wait for the end of a saga; its result, decoded. One that is known by attributes is asked for its id first: while
    it is waited for, it may end, and another one may get the attributes. Raises Undone, SagaLost, NotOver,
    OperatorError."""
    if "attributes" in meant.params:
        yield from standing(manner, meant)
    until = None if timeout_s is None else manner.clock() + timeout_s
    while True:
        left = limits.wait_ms_max / 1000 if until is None else until - manner.clock()
        found = yield from standing(manner, meant, max(0.0, min(left, limits.wait_ms_max / 1000)))
        if found.outcome == "settled":
            if found.let_go_at is not None:
                raise OperatorError(LET_GO, f"{found.session} is settled, and its result was deleted")
            return value_of(bytes(found.result), type)
        if found.outcome == "lost":
            raise SagaLost(found.session, found.reason)
        if found.over:
            raise Undone(found.session, found.reason)
        if until is not None and manner.clock() >= until:
            raise NotOver(found)
        if left > 0:
            yield Pause(limits.client_pause_ms / 1000)  # a sidecar with many clients that wait answers at once


def told(manner: Manner, method: str, meant: MeantSession, params: Mapping[str, Any]) -> Operation[bool]:
    """Signal or cancel; whether it was new."""
    request = ApiRequest(method, {**meant.params, **params})
    said = yield from call(manner, request, once="attributes" in meant.params)
    answer: _Told = read(said, _Told, manner.where)
    meant.learn(answer.session)
    return answer.new


def page(manner: Manner, filters: Mapping[str, Any], after: Any) -> Operation[tuple[list[SessionLine], Any]]:
    """A page of `list`, and where the next one begins."""
    params = dict(filters) | ({} if after is None else {"after": after})
    said = yield from call(manner, ApiRequest("session.list", params))
    found: _Lines = read(said, _Lines, manner.where)
    return found.sessions, found.next
