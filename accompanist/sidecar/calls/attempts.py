"""Asking workers: attempts, back-off and budgets, around one question of the core.

The core asks once; here it is asked until there is an answer or the budget is spent. Every attempt carries the same
key, so the worker's fence makes them one. A fault (no connection, no time left, 5xx, a lock) decides nothing and is
never shown to the choreography; only a worker's own words do: replied, declined, closed, reused.

A worker that is away, so that it has not read the call, spends no budget: it is waited for (`retries.away_ms_of`). A
worker that declines what may not be declined is at fault, and is asked again until somebody has mended it.

Whoever asks is told that attempts fail, and why (`again`), so that people can see which sessions wait for a worker.

A worker that is not known to have a fence is asked more carefully (`sidecar.calls.unended`): only while whoever asks
may still ask, and what was sent is remembered until it has ended, because compensations wait for it.

Not promised: that the number of attempts survives a crash. A restarted sidecar begins to count again.
"""

from __future__ import annotations

import asyncio
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
    BUSY,
    Answer,
    Closed,
    Declined,
    Fault,
    Missing,
    Replied,
    RetryLater,
    Reused,
)
from accompanist.runtime.backoff import RETRIABLE
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.events import Answered, CloseAnswered, Event, Name, Undid
from accompanist.runtime.headers import words
from accompanist.runtime.messages import Header
from accompanist.runtime.ports import Executed, ResultKind
from accompanist.sidecar.calls import drawn
from accompanist.sidecar.calls.retries import Retry, away_ms_of, policy_of, timeout_of
from accompanist.sidecar.calls.unended import Loop, Unended, Worker
from accompanist.sidecar.tracing import Tracing

logger = structlog.get_logger("accompanist.calls")

CLOSE = "accompanist.close"
FORGET = "accompanist.forget"


Again = Callable[[int, str], None]
"""Told how many attempts have failed and why the last one did, now and then: at 2, 4, 8 and so on, so that a worker
which is down for a day is told of some twenty times; and when it fails in another way than before."""


def _unheard(attempts: int, trouble: str) -> None:
    """Nobody wants to know."""


class Asker(msgspec.Struct, frozen=True):
    """Who asks. `tries`: what its role says of asking, by operation. `again`: see there. `may`: whether it may ask now:
    it holds its session's shard, as far as anybody can know. `since`: when that came here, by the loop's clock, if
    another sidecar may have asked for this session before. `former`: that other may have asked this very question, and
    no answer is known. `effect`: an answer may have changed something. `wanted`: whether this very question is still
    open: looked at before each attempt."""

    tries: Mapping[str, Tries] = {}
    again: Again = _unheard
    may: Callable[[], bool] = lambda: True
    since: float | None = None
    former: bool = False
    effect: bool = True
    wanted: Callable[[], bool] = lambda: True


ANYBODY = Asker()


class _Closing(msgspec.Struct):
    """The fence's answer to a close; `more`: there are entries before these."""

    closed: bool
    executed: list[_Entry] = []
    more: bool = False
    reply: msgspec.Raw = msgspec.Raw(b"null")


class _Entry(msgspec.Struct):
    site: str
    operation: str
    arguments: msgspec.Raw


class Calls:
    """The calls of one sidecar. `sleep` and `chance` are the world's: back-off waits and its jitter; so are `clock` and
    `new_id`, which a choreography reads, and `monotonic`, which measures how long a worker is away."""

    def __init__(
        self,
        workers: Mapping[str, Worker],
        tracing: Tracing,
        retries: Mapping[str, Retry] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], UUID] = uuid4,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._workers = workers
        self._tracing = tracing
        self._retries = retries or {}
        self._sleep = sleep
        self._chance = chance
        self._clock = clock
        self._new_id = new_id
        self._monotonic = monotonic
        self._unended = Unended(sleep)
        self._fenced: dict[str, Worker] = {}
        """The workers that have shown that they have a fence, by role."""
        self.in_flight = 0

    def fenced(self, role_class: str) -> bool:
        """Whether the role's worker is known to have a fence."""
        return self._fenced.get(role_class) is self._workers[role_class]

    async def look(self) -> None:
        """Ask the workers whether they have a fence, until each has said so."""
        await asyncio.gather(*(self._look(role_class) for role_class in self._workers))

    async def _look(self, role_class: str) -> None:
        attempt = 0
        while await self._has_fence(role_class) is None:
            attempt += 1
            await self._sleep(backoff.wait_ms(attempt, RETRIABLE, self._chance()) / 1000)

    async def _has_fence(self, role_class: str) -> bool | None:
        """What the worker says itself: to forget nothing is a fence's work, and harmless. None: it says nothing."""
        if self.fenced(role_class):
            return True
        worker = self._workers[role_class]
        nothing = orjson.dumps({"sessions": []})
        answer = await worker.call(FORGET, nothing, meta.write(meta.Meta()), limits.call_timeout_ms)
        self._learn(role_class, answer)
        return isinstance(answer, Replied) if isinstance(answer, Replied | Missing) else None

    def _learn(self, role_class: str, answer: Answer) -> None:
        """From what a worker answers to a method that only a fence has."""
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
        """The answer to a call or a compensation, whenever it comes. None: the session is being closed, or somebody has
        seen to it by hand, and the question is not asked any more."""
        crashpoints.reached("sidecar.before_call")
        if call.operation in drawn.READS:
            return Answered(
                call.site, Name.REPLIED, drawn.read(call.operation, self._chance, self._clock, self._new_id)
            )
        if call.kind is ResultKind.COMPENSATE:
            undone = await self._until_answered(header, role, role_class, call, cause, asker)
            if undone is None:
                return None
            crashpoints.reached("sidecar.undo_answered")
            text = "" if isinstance(undone, Replied) else _words(undone)
            return Undid(call.site, Name.STUCK if text else Name.UNDID, text)
        asked = await self._until_decided(header, role, role_class, call, cause, asker)
        crashpoints.reached("sidecar.reply_received")
        match asked:
            case Replied(value=value):
                return Answered(call.site, Name.REPLIED, value)
            case Declined(reason=reason):
                return Answered(call.site, Name.DECLINED, orjson.dumps(words(reason)))
            case Closed():
                return Answered(call.site, Name.SHUT)
            case Reused():
                return Answered(call.site, Name.REUSED)
            case None:
                return None
            case _:
                return Answered(call.site, Name.EXHAUSTED)

    async def close(
        self,
        header: Header,
        role: str,
        role_class: str,
        close: CloseWorker,
        cause: dict[str, str],
        asker: Asker = ANYBODY,
    ) -> Event:
        """Close the session at the role's worker, however long that takes; or read on in what it had executed."""
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
                ended = await self._unended.ended((header.session, role), ask_on=ask_on, until=self._former(asker))
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
        """When all has ended that another sidecar may have asked for before this one."""
        if asker.since is None:
            return 0.0
        longest_ms = max((timeout_of(name, self._retries, tries) for name, tries in asker.tries.items()), default=0)
        return asker.since + (limits.lease_ms + longest_ms) / 1000

    async def forget(self, sessions: Sequence[UUID]) -> bool:
        """Let the workers' fences forget sessions, asked once each; whether all of them have. One without a fence has
        nothing to forget."""
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
        """The answer to a forward call; what it means where a fence does not see to that."""
        if not asker.effect or self.fenced(role_class):
            return await self._until_answered(header, role, role_class, call, cause, asker)
        with self._unended.asking((header.session, role)) as loop:
            loop.doubtful = asker.former
            answer = await self._until_answered(header, role, role_class, call, cause, asker, loop)
            doubtful = isinstance(answer, Declined) and (loop.doubtful or loop.late)
            if answer is None or not doubtful or await self._has_fence(role_class):
                return answer
            return await self._unended.decided(loop, answer)

    async def _until_answered(
        self,
        header: Header,
        role: str,
        role_class: str,
        call: CallWorker,
        cause: dict[str, str],
        asker: Asker,
        loop: Loop | None = None,
    ) -> Answer | None:
        policy, timeout_ms = policy_of(call, self._retries, asker.tries.get(call.operation, UNSAID))
        failing = Failing(
            policy, away_ms_of(call, self._retries, asker.tries.get(call.operation, UNSAID)), call, asker.again
        )
        attempt = 0
        while await self._may_ask(role_class, asker, loop):
            attempt += 1
            context = self._tracing.call(cause, header, role, call, attempt)
            about = _meta(header, role, call, attempt, timeout_ms, context)
            began = time.time_ns()
            self.in_flight += 1
            try:
                answer = await self._attempt(header, role, role_class, call, about, timeout_ms, loop)
            finally:
                self.in_flight -= 1
            self._tracing.called(header, role, role_class, call, attempt, context, cause, began, answer)
            if _decides(answer, call):
                return answer
            given_up = failing.gives_up(answer, self._monotonic())
            logger.warning(
                "call.given_up" if given_up else "call.again",
                session=str(header.session),
                role=role,
                site=call.site,
                operation=call.operation,
                attempt=attempt,
                problem=_words(answer),
            )
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
        loop: Loop | None,
    ) -> Answer:
        worker = self._workers[role_class]
        if loop is None or self.fenced(role_class):
            return await worker.call(call.operation, call.arguments, about, timeout_ms)
        key = (header.session, role)
        return await self._unended.attempt(key, loop, worker, call.operation, call.arguments, about, timeout_ms)

    async def _may_ask(self, role_class: str, asker: Asker, loop: Loop | None) -> bool:
        """Before each attempt, however long the wait before it was. A fence makes an attempt that nobody may make any
        more harmless; without one it could come after the compensation that another sidecar has asked for. No fence
        knows what a person has done in the worker's place."""
        while asker.wanted():
            if loop is None or self.fenced(role_class):
                return True
            if loop.stopped:
                return False
            if asker.may():
                return True
            await self._sleep(limits.lease_renew_ms / 1000)
        return False


def _decides(answer: Answer, call: CallWorker) -> bool:
    """Whether an answer is the worker's word. A compensation and a close may not be refused: what is no reply there
    is a fault. A worker without a fence may lack the close."""
    if call.kind is ResultKind.COMPENSATE:
        return isinstance(answer, Replied)
    if call.operation == CLOSE:
        return isinstance(answer, Replied | Missing)
    return isinstance(answer, Replied | Closed | Reused) or (isinstance(answer, Declined) and not call.firm)


class Failing:
    """What the attempts of one call have come to, as long as they fail."""

    def __init__(self, policy: backoff.Policy, away_ms: int | None, call: CallWorker, again: Again) -> None:
        self._policy, self._away_ms, self._again = policy, away_ms, again
        self._undoes = call.kind is ResultKind.COMPENSATE
        self._failures = 0
        self._away_since: float | None = None
        self._told = ""

    def gives_up(self, answer: Answer, now: float) -> bool:
        """Whether this was the last attempt. Only an answer, or a call that was read and not answered, counts: one who
        is not there, or has not begun, has not failed. To compensate, a worker's database that is away is waited for,
        too."""
        away = isinstance(answer, Fault) and answer.away
        self._away_since = (now if self._away_since is None else self._away_since) if away else None
        if away:
            assert self._away_since is not None
            return self._away_ms is not None and (now - self._away_since) * 1000 >= self._away_ms
        if isinstance(answer, RetryLater) and answer.text == BUSY:
            return False
        waits = isinstance(answer, RetryLater) or (isinstance(answer, Fault) and answer.silent)
        self._failures += not (self._undoes and waits)
        return self._policy.attempts_max is not None and self._failures >= self._policy.attempts_max

    def tell(self, answer: Answer, attempt: int) -> None:
        """Tell of it, if it is time to. A decline that may not be is told of at once."""
        way = f"{type(answer).__name__} {isinstance(answer, Fault) and answer.away}"
        other, self._told = way != self._told, way
        rarely = attempt & (attempt - 1) == 0
        if (attempt > 1 and (rarely or other)) or (isinstance(answer, Declined) and other):
            self._again(attempt, _trouble(answer))


def _trouble(answer: Answer) -> str:
    """What went wrong, for people who look at the session. A reason to decline is made for them."""
    if isinstance(answer, Declined):
        return words(f"it declines, which it may not: {answer.reason}")
    return _words(answer)


def _follows(closing: _Closing, asked: CloseWorker) -> bool:
    """Whether an answer can be one to what was asked. The door stays open only for a call that was asked about, and
    each page begins before the one that was read last, so that reading on ends."""
    if not closing.closed:
        return asked.unless is not None
    return not closing.more or (bool(closing.executed) and closing.executed[0].site != asked.before)


def _words(answer: Answer | None) -> str:
    """What went wrong, without anything a worker may have put into it beyond its own words for a fault."""
    match answer:
        case Fault(text=text) | RetryLater(text=text) | Reused(text=text):
            return text
        case Missing(method=method):
            return f"the worker has no method {method}"
        case _:
            return type(answer).__name__.lower() if answer is not None else "nobody may ask"


def _meta(
    header: Header, role: str, call: CallWorker, attempt: int, timeout_ms: int, context: Mapping[str, str]
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
            traceparent=context.get("traceparent"),
            tracestate=context.get("tracestate"),
            baggage=context.get("baggage"),
        )
    )
