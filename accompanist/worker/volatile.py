"""What one worker process knows of the calls of volatile sessions (docs/volatile.md). It stands in for the fence.

A call that is asked again is answered as it was the first time; one that is asked again while it is under way waits for
the first. A closed session takes no further call, and its close lists what was executed, as the fence does. The names
of the outcomes are the fence's, with one more: `gone` is a call of which nobody knows whether it was committed.

    told over      `forget`: its calls are dropped, at all roles, and its id is kept for a while, so that a late copy of
                   a call is refused, and a late close is answered `gone`
    never told     its sidecar is gone: it is dropped once it is older than `volatile_worker_s`

Not promised: anything after this process. Another one has another id, and a call that names ours is answered `gone`
there.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

import orjson

from accompanist import limits
from accompanist.rpc import envelope
from accompanist.rpc.envelope import RpcError
from accompanist.runtime.answers import BUSY
from accompanist.worker.fence import Key

Outcome = tuple[str, str | None]
"""A status, and the reply or the reason as JSON text."""
REPLIED, DECLINED, CLOSED, REUSED, GONE = "replied", "declined", "closed", "reused", "gone"
FORWARD, COMPENSATE = "forward", "compensate"


class _Call:
    """A call that was asked. `outcome`: None as long as it is under way."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.outcome: Outcome | None = None
        self.decided = asyncio.Event()


class _Session:
    """The calls of one session at one role. `executed`: the sites of its transactions, in order of commit."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, str], _Call] = {}
        self.executed: list[str] = []
        self.closed = False
        self.weight = 0
        """The bytes of the arguments and replies that are kept."""
        self.dropped = False

    def under_way(self) -> list[_Call]:
        return [call for call in self.calls.values() if call.outcome is None and call.key.kind == FORWARD]


class VolatileMemory:
    """The calls of all volatile sessions that one process serves. `process`: its id; `clock` is monotonic."""

    def __init__(self, process: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.process = process
        self._clock = clock
        self._sessions: OrderedDict[UUID, tuple[float, dict[str, _Session]]] = OrderedDict()
        self._over: OrderedDict[UUID, float] = OrderedDict()
        self._weight = 0
        """The bytes of the arguments and replies of all sessions that are kept."""

    async def once(self, key: Key, run: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """The outcome of a call. `run` executes it, the first time it is asked; if that raises, nothing was done, and
        the call may be asked again. Raises RpcError if there is no room, and what `run` raises."""
        while (known := self._known(key)) is not None:
            if isinstance(known, tuple):
                return known
            await known.decided.wait()
        session = self._session(key.session, key.role)
        call = session.calls[key.site, key.kind] = _Call(key)
        self._weigh(session, len(key.arguments))
        try:
            call.outcome = await run()
        except BaseException:
            del session.calls[key.site, key.kind]
            self._weigh(session, -len(key.arguments))
            raise
        finally:
            call.decided.set()
        self._weigh(session, len(call.outcome[1] or ""))
        if call.outcome[0] == REPLIED and key.kind == FORWARD:
            session.executed.append(key.site)
        return call.outcome

    def _known(self, key: Key) -> Outcome | _Call | None:
        """What is known of a call: its outcome, that it is under way, or None."""
        if key.session in self._over:
            return CLOSED, None
        _, roles = self._sessions.get(key.session, (0.0, {}))
        session = roles.get(key.role)
        if session is None:
            return None
        forward = session.calls.get((key.site, FORWARD))
        replied = forward is not None and forward.outcome is not None and forward.outcome[0] == REPLIED
        if key.kind == COMPENSATE and replied and forward is not None and forward.key.arguments != key.arguments:
            return REUSED, None
        if (call := session.calls.get((key.site, key.kind))) is not None:
            same = (call.key.operation, call.key.arguments) == (key.operation, key.arguments)
            return (call.outcome or call) if same else (REUSED, None)
        shut = session.closed or (key.site, COMPENSATE) in session.calls
        return (CLOSED, None) if key.kind == FORWARD and shut else None

    def _session(self, session: UUID, role: str) -> _Session:
        """What is kept of a session. Raises RpcError if there is no room for a new one."""
        if session not in self._sessions:
            self._drop_old()
            full = len(self._sessions) >= limits.volatile_worker_sessions_max
            if full or self._weight >= limits.volatile_worker_bytes_max:
                raise RpcError(envelope.RETRY_LATER, "retry later", BUSY)
            self._sessions[session] = (self._clock(), {})
        return self._sessions[session][1].setdefault(role, _Session())

    def _weigh(self, session: _Session, weight: int) -> None:
        """Count bytes of a session. A call may still be under way when its session is dropped: it weighs nothing."""
        if not session.dropped:
            session.weight += weight
            self._weight += weight

    async def close(self, session: UUID, role: str, unless: str | None, before: str | None) -> bytes:
        """Close a session, unless it has a reply at that site, and list what was executed, the last page of it or what
        came before that site. Raises RpcError while a call of it is under way for longer than a fence would wait, and
        where what was executed is not known any more."""
        if session in self._over:
            raise RpcError(envelope.GONE, "it was over, and is forgotten")
        kept = self._sessions[session][1].get(role) if session in self._sessions else None
        if kept is None:
            kept = self._session(session, role)
        try:
            async with asyncio.timeout(limits.fence_close_wait_ms / 1000):
                while under_way := kept.under_way():
                    await under_way[0].decided.wait()
        except TimeoutError:
            raise RpcError(envelope.RETRY_LATER, "retry later", "lock_wait") from None
        if any(call.outcome is not None and call.outcome[0] == GONE for call in kept.calls.values()):
            raise RpcError(envelope.GONE, "a call of it has no known outcome")
        held = kept.calls.get((unless, FORWARD)) if unless is not None and not kept.closed else None
        if held is not None and held.outcome is not None and held.outcome[0] == REPLIED:
            return b'{"closed":false,"reply":' + (held.outcome[1] or "null").encode() + b"}"
        kept.closed = True
        return _page(kept, before)

    def forget(self, sessions: Iterable[UUID]) -> int:
        """Drop the calls of sessions that are over at all of their roles here. Returns how many were known."""
        count, now = 0, self._clock()
        for session in sessions:
            if self._drop(session):
                count += 1
                self._over[session] = now
        while self._over and now - next(iter(self._over.values())) > limits.volatile_kept_s:
            self._over.popitem(last=False)
        while len(self._over) > limits.volatile_worker_sessions_max:
            self._over.popitem(last=False)
        return count

    def _drop_old(self) -> None:
        """Drop sessions that nobody has said to be over."""
        now = self._clock()
        while self._sessions:
            session, (since, roles) = next(iter(self._sessions.items()))
            if now - since <= limits.volatile_worker_s or any(kept.under_way() for kept in roles.values()):
                return
            self._drop(session)

    def _drop(self, session: UUID) -> bool:
        _, roles = self._sessions.pop(session, (0.0, None))
        for kept in (roles or {}).values():
            kept.dropped = True
            self._weight -= kept.weight
        return roles is not None


def _page(kept: _Session, before: str | None) -> bytes:
    """The last of what was executed and not compensated, as `fence_close` lists it: as much as one answer takes."""
    sites = kept.executed
    if before is not None and before in sites:
        sites = sites[: sites.index(before)]
    due = [site for site in sites if (site, COMPENSATE) not in kept.calls]
    page: list[bytes] = []
    size = 0
    for site in reversed(due):
        key = kept.calls[site, FORWARD].key
        entry = orjson.dumps(
            {"site": site, "operation": key.operation, "arguments": orjson.Fragment(key.arguments.encode())}
        )
        size += len(entry)
        if page and (len(page) >= limits.fence_page_rows_max or size > limits.fence_page_bytes_max):
            break
        page.append(entry)
    more = b',"more":true' if len(page) < len(due) else b""
    return b'{"closed":true,"executed":[' + b",".join(reversed(page)) + b"]" + more + b"}"
