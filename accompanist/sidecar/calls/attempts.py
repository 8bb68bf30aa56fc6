"""Retries of calls to workers: attempts, back-off and retry budgets around one call of the core.

The core calls once; here the call is attempted until it is answered or its retry budget is spent. Every attempt has the
same idempotency key, so the worker's fence executes it once. A fault (no connection, a timeout, 5xx, a lock) decides
nothing and is never shown to the choreography; only a worker's decisions are: replied, declined, closed, reused.

An attempt that the worker has not even read, because it is away, spends no budget: the call waits for the worker
(`retries.away_ms_of`). A worker that declines an operation that may not decline is at fault, and is called again until
it is repaired.

Failed attempts are reported to the session, with the reason (`again`), so that people see which sessions wait for a
worker.

An attempt may have to wait for a place, where the configuration limits calls (`sidecar.calls.limiting`).

For a worker that is not known to have a fence there are further rules (`sidecar.calls.outstanding`): a call is only
attempted while this sidecar may still make it, and is tracked until it has ended, because compensations wait for it.

For a volatile session (`Asker.volatile`), what cannot be known is not waited for: a worker that is away for longer than
`volatile_away_ms`, or that has lost what it knew of the session, raises `CallLost`.

Not promised: that the number of attempts survives a crash. A restarted sidecar counts from zero.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID, uuid4

import msgspec
import orjson
import structlog

from accompanist import crashpoints, limits
from accompanist.language.tries import UNSAID, Tries
from accompanist.rpc import meta
from accompanist.runtime import backoff
from accompanist.runtime.answers import (
    Answer,
    Closed,
    Declined,
    Fault,
    Gone,
    Missing,
    Replied,
    Reused,
)
from accompanist.runtime.backoff import RETRIABLE
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.events import CallAnswered, CloseAnswered, Event, Name
from accompanist.runtime.messages import Header
from accompanist.runtime.ports import Executed, ResultKind
from accompanist.sidecar.calls import sidecar_reads
from accompanist.sidecar.calls.admission import CallLimit
from accompanist.sidecar.calls.failing import Again, Failing
from accompanist.sidecar.calls.limiting import CallLimits
from accompanist.sidecar.calls.meaning import event_of, trouble
from accompanist.sidecar.calls.outstanding import CallAttempts, Outstanding, WorkerPort
from accompanist.sidecar.calls.retries import Retry, away_ms_of, policy_of, timeout_of
from accompanist.sidecar.tracing import Tracing

logger = structlog.get_logger("accompanist.calls")

CLOSE = "accompanist.close"
FORGET = "accompanist.forget"
DESCRIBE = "accompanist.describe"


def _unheard(attempts: int, trouble: str) -> None:
    """Ignore failed attempts."""


class Asker(msgspec.Struct, frozen=True):
    """The caller's side of a call.

    `tries`: the retry settings that the role declares, by operation. `again`: the callback for failed attempts. `may`:
    whether the session's shard is still held here, as far as a clock can tell. `since`: when the shard was acquired, by
    the loop's clock, if another sidecar may have called for this session before. `former`: whether that sidecar may
    have made this very call without a known answer. `effect`: whether the call may have an effect. `wanted`: whether
    the session still waits for this call; checked before each attempt. `volatile`: the session is volatile. `process`:
    the process of its worker that knows its calls; None where they are fenced. `pivot`: the call commits the saga."""

    tries: Mapping[str, Tries] = {}
    again: Again = _unheard
    may: Callable[[], bool] = lambda: True
    since: float | None = None
    former: bool = False
    effect: bool = True
    wanted: Callable[[], bool] = lambda: True
    volatile: bool = False
    process: str | None = None
    pivot: bool = False


class CallLost(Exception):
    """What became of a call of a volatile session cannot be known. `unheard`: no attempt at it was read by a process
    that knew the session, so nothing was done."""

    def __init__(self, text: str, unheard: bool) -> None:
        super().__init__(text)
        self.text = text
        self.unheard = unheard


ANYBODY = Asker()


class _Closing(msgspec.Struct):
    """The fence's answer to a close; `more`: there are earlier entries."""

    closed: bool
    executed: list[_Entry] = []
    more: bool = False
    reply: msgspec.Raw = msgspec.Raw(b"null")


class _Described(msgspec.Struct):
    volatile: str | None = None


class _Entry(msgspec.Struct):
    site: str
    operation: str
    arguments: msgspec.Raw


class Calls:
    """The calls of one sidecar. Injected from outside: `sleep` and `chance`, for back-off and its jitter; `clock` and
    `new_id`, which a choreography reads; `monotonic`, which measures how long a worker is away."""

    def __init__(
        self,
        workers: Mapping[str, WorkerPort],
        tracing: Tracing,
        retries: Mapping[str, Retry] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], UUID] = uuid4,
        monotonic: Callable[[], float] = time.monotonic,
        call_limits: Mapping[str, CallLimit] | None = None,
    ) -> None:
        self.limits = CallLimits(call_limits or {})
        self._workers = workers
        self._tracing = tracing
        self._retries = retries or {}
        self._sleep = sleep
        self._chance = chance
        self._clock = clock
        self._new_id = new_id
        self._monotonic = monotonic
        self._outstanding = Outstanding(sleep)
        self._fenced: dict[str, WorkerPort] = {}
        """The workers that are known to have a fence, by role class."""
        self.in_flight = 0

    def fenced(self, role_class: str) -> bool:
        """Whether the role's worker is known to have a fence."""
        return self._fenced.get(role_class) is self._workers[role_class]

    async def look(self) -> None:
        """Ask each worker whether it has a fence, until it answers."""
        await asyncio.gather(*(self._look(role_class) for role_class in self._workers))

    async def _look(self, role_class: str) -> None:
        attempt = 0
        while await self._has_fence(role_class) is None:
            attempt += 1
            await self._sleep(backoff.wait_ms(attempt, RETRIABLE, self._chance()) / 1000)

    async def _has_fence(self, role_class: str) -> bool | None:
        """Whether the worker has a fence, found by calling `forget` with no sessions, which has no effect. None: it did
        not answer."""
        if self.fenced(role_class):
            return True
        worker = self._workers[role_class]
        nothing = orjson.dumps({"sessions": []})
        answer = await worker.call(FORGET, nothing, meta.write(meta.Meta()), limits.call_timeout_ms)
        self._learn(role_class, answer)
        return isinstance(answer, Replied) if isinstance(answer, Replied | Missing) else None

    async def process(self, role_class: str) -> str | None:
        """The id of the worker's process, if it remembers the calls of volatile sessions. Raises CallLost if it does
        not answer."""
        worker = self._workers[role_class]
        answer = await worker.call(DESCRIBE, b"{}", meta.write(meta.Meta()), limits.volatile_away_ms)
        match answer:
            case Replied(value=value):
                with contextlib.suppress(msgspec.DecodeError):
                    return msgspec.json.decode(value, type=_Described).volatile
                return None
            case Missing():
                return None
            case _:
                raise CallLost(f"the worker of {role_class} does not answer: {trouble(answer)}", unheard=True)

    def _learn(self, role_class: str, answer: Answer) -> None:
        """Learn whether a worker has a fence, from its answer to a method that only a fence has."""
        if isinstance(answer, Replied):
            self._fenced[role_class] = self._workers[role_class]
        elif isinstance(answer, Missing):
            self._fenced.pop(role_class, None)

    async def ask(
        self,
        header: Header,
        role: str,
        role_class: str,
        call: CallWorker,
        cause: dict[str, str],
        asker: Asker = ANYBODY,
    ) -> Event | None:
        """Make a call or a compensation, and wait for its answer. None: the session is being closed, or an operator has
        settled the matter, so the call is not wanted any more."""
        crashpoints.reached("sidecar.before_call")
        if call.operation in sidecar_reads.READS:
            return CallAnswered(
                call.site, Name.REPLIED, sidecar_reads.read(call.operation, self._chance, self._clock, self._new_id)
            )
        if call.kind is ResultKind.COMPENSATE:
            answer = await self._until_answered(header, role, role_class, call, cause, asker)
            if answer is not None:
                crashpoints.reached("sidecar.undo_answered")
        else:
            answer = await self._until_decided(header, role, role_class, call, cause, asker)
            crashpoints.reached("sidecar.reply_received")
        return None if answer is None else event_of(call, answer)

    async def close(
        self,
        header: Header,
        role: str,
        role_class: str,
        close: CloseWorker,
        cause: dict[str, str],
        asker: Asker = ANYBODY,
    ) -> Event:
        """Close the session at the role's worker, however long that takes; or read the next page of what it has
        executed."""
        crashpoints.reached("sidecar.before_close")
        arguments = {"session": str(header.session), "role": role, "unless": close.unless}
        if close.before is not None:
            arguments["before"] = close.before
        call = CallWorker("!close", ResultKind.FORWARD, CLOSE, orjson.dumps(arguments), endless=True)
        while True:
            answer = await self._until_answered(header, role, role_class, call, cause, asker)
            crashpoints.reached("sidecar.close_answered")
            if answer is not None:
                self._learn(role_class, answer)
            if isinstance(answer, Missing):
                ask_on = close.unless is not None
                ended = await self._outstanding.ended((header.session, role), ask_on=ask_on, until=self._former(asker))
                return CloseAnswered(Name.CLOSED if ended else Name.UNENDED, None, before=close.before)
            try:
                closing = msgspec.json.decode(answer.value if isinstance(answer, Replied) else b"", type=_Closing)
            except msgspec.DecodeError:
                closing = None
            if closing is None or not _follows(closing, close):
                logger.error("close.nonsense", session=str(header.session), role=role)
                await self._sleep(limits.backoff_cap_ms / 1000)
                continue
            if not closing.closed:
                return CloseAnswered(Name.HELD, (), bytes(closing.reply))
            entries = (Executed(e.site, e.operation, bytes(e.arguments)) for e in closing.executed)
            return CloseAnswered(Name.CLOSED, tuple(entries), before=close.before, more=closing.more)

    def _former(self, asker: Asker) -> float:
        """When all calls that a former owner of the shard may have made have ended."""
        if asker.since is None:
            return 0.0
        longest_ms = max((timeout_of(name, self._retries, tries) for name, tries in asker.tries.items()), default=0)
        return asker.since + (limits.lease_ms + longest_ms) / 1000

    async def forget_volatile(self, role_class: str, process: str | None, sessions: Sequence[UUID]) -> bool:
        """Let a worker's process forget volatile sessions, or its fence where `process` is None, with one attempt.
        Returns whether it has, or has nothing to forget."""
        arguments = orjson.dumps({"sessions": [str(session) for session in sessions]})
        about = meta.write(meta.Meta(volatile=process))
        answer = await self._workers[role_class].call(FORGET, arguments, about, limits.call_timeout_ms)
        return isinstance(answer, Replied | Missing)

    async def forget(self, sessions: Sequence[UUID]) -> bool:
        """Let the workers' fences forget sessions, with one attempt each. Returns whether all have. A worker without a
        fence has nothing to forget."""
        arguments = orjson.dumps({"sessions": [str(session) for session in sessions]})
        about = meta.write(meta.Meta())
        asked = (worker.call(FORGET, arguments, about, limits.call_timeout_ms) for worker in self._workers.values())
        answers = await asyncio.gather(*asked)
        return all(isinstance(answer, Replied | Missing) for answer in answers)

    async def _until_decided(
        self,
        header: Header,
        role: str,
        role_class: str,
        call: CallWorker,
        cause: dict[str, str],
        asker: Asker,
    ) -> Answer | None:
        """The answer to a forward call. Without a fence, a decline is compared with the answers of other attempts."""
        if not asker.effect or asker.process is not None or self.fenced(role_class):
            return await self._until_answered(header, role, role_class, call, cause, asker)
        with self._outstanding.asking((header.session, role)) as attempts:
            attempts.doubtful = asker.former
            answer = await self._until_answered(header, role, role_class, call, cause, asker, attempts)
            doubtful = isinstance(answer, Declined) and (attempts.doubtful or attempts.late)
            if answer is None or not doubtful or await self._has_fence(role_class):
                return answer
            return await self._outstanding.decided(attempts, answer)

    async def _until_answered(
        self,
        header: Header,
        role: str,
        role_class: str,
        call: CallWorker,
        cause: dict[str, str],
        asker: Asker,
        attempts: CallAttempts | None = None,
    ) -> Answer | None:
        tries = asker.tries.get(call.operation, UNSAID)
        policy, timeout_ms = policy_of(call, self._retries, tries)
        away_ms = limits.volatile_away_ms if asker.volatile else away_ms_of(call, self._retries, tries)
        failing = Failing(policy, away_ms, call, asker.again)
        attempt, unheard = 0, True
        first = call.kind is ResultKind.COMPENSATE or call.endless or asker.pivot
        while await self._may_ask(role_class, asker, attempts):
            async with self.limits.place(header.session, role, role_class, call.operation, first=first) as waited:
                if waited and not self._may_now(role_class, asker, attempts):
                    continue
                attempt += 1
                context = self._tracing.call(cause, header, role, call, attempt)
                about = _meta(header, role, call, attempt, timeout_ms, context, asker.process)
                began = time.time_ns()
                self.in_flight += 1
                try:
                    answer = await self._attempt(header, role, role_class, call, about, timeout_ms, attempts)
                finally:
                    self.in_flight -= 1
            self._tracing.called(header, role, role_class, call, attempt, context, cause, began, answer)
            if _decides(answer, call):
                return answer
            away = isinstance(answer, Fault) and answer.away
            if asker.volatile and isinstance(answer, Gone):
                raise CallLost(trouble(answer), unheard)
            unheard = unheard and away
            given_up = failing.gives_up(answer, self._monotonic())
            logger.warning(
                "call.given_up" if given_up else "call.again",
                session=str(header.session),
                role=role,
                site=call.site,
                operation=call.operation,
                attempt=attempt,
                problem=trouble(answer),
            )
            if given_up and away and asker.volatile:
                raise CallLost(f"the worker of {role} is away: {trouble(answer)}", unheard)
            if given_up:
                return answer
            failing.tell(answer, attempt)
            await self._sleep(backoff.wait_ms(attempt, policy, self._chance()) / 1000)
        return None

    async def _attempt(
        self,
        header: Header,
        role: str,
        role_class: str,
        call: CallWorker,
        about: bytes,
        timeout_ms: int,
        attempts: CallAttempts | None,
    ) -> Answer:
        worker = self._workers[role_class]
        if attempts is None or self.fenced(role_class):
            return await worker.call(call.operation, call.arguments, about, timeout_ms)
        key = (header.session, role)
        return await self._outstanding.attempt(key, attempts, worker, call.operation, call.arguments, about, timeout_ms)

    async def _may_ask(self, role_class: str, asker: Asker, attempts: CallAttempts | None) -> bool:
        """Whether another attempt may be made; checked before each. With a fence, an attempt after the shard was lost
        is harmless. Without one, it could be executed after a compensation that the new owner has called for. And no
        fence knows what an operator has done by hand, so `wanted` is always checked."""
        while asker.wanted():
            if self._may_now(role_class, asker, attempts):
                return True
            if attempts is not None and attempts.stopped:
                return False
            await self._sleep(limits.lease_renew_ms / 1000)
        return False

    def _may_now(self, role_class: str, asker: Asker, attempts: CallAttempts | None) -> bool:
        """Whether another attempt may be made at this moment."""
        if not asker.wanted():
            return False
        if attempts is None or self.fenced(role_class):
            return True
        return not attempts.stopped and asker.may()


def _decides(answer: Answer, call: CallWorker) -> bool:
    """Whether an answer decides the call. A compensation or a close may not be declined: only a reply decides it. A
    worker without a fence has no close."""
    if call.kind is ResultKind.COMPENSATE:
        return isinstance(answer, Replied)
    if call.operation == CLOSE:
        return isinstance(answer, Replied | Missing)
    return isinstance(answer, Replied | Closed | Reused) or (isinstance(answer, Declined) and not call.firm)


def _follows(closing: _Closing, asked: CloseWorker) -> bool:
    """Whether an answer to a close is valid. A session may only stay open if `unless` was given, and each page must
    begin before the last one, so that reading pages ends."""
    if not closing.closed:
        return asked.unless is not None
    return not closing.more or (bool(closing.executed) and closing.executed[0].site != asked.before)


def _meta(
    header: Header,
    role: str,
    call: CallWorker,
    attempt: int,
    timeout_ms: int,
    context: Mapping[str, str],
    process: str | None,
) -> bytes:
    """`params._meta` of a call to a worker."""
    return meta.write(
        meta.Meta(
            session=header.session,
            role=role,
            site=call.site,
            kind="compensate" if call.kind is ResultKind.COMPENSATE else "forward",
            attempt=attempt,
            retriable=call.firm,
            timeout_ms=timeout_ms,
            deadline=header.deadline,
            volatile=process,
            traceparent=context.get("traceparent"),
            tracestate=context.get("tracestate"),
            baggage=context.get("baggage"),
        )
    )
