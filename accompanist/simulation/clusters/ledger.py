"""The workers of a simulated cluster: a fence per session and role, and a ledger of their effects.

The ledger is independent of what it is used to judge: an entry is written when an effect happens, the ledger knows
nothing of fences or of the protocol, and only the judges read it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from uuid import UUID

import orjson

from accompanist.language.values import codec
from accompanist.rpc.envelope import INVALID_PARAMS
from accompanist.rpc.meta import Meta
from accompanist.runtime.answers import Answer, Declined, Fault, Missing, Replied
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.ports import ResultKind
from accompanist.sidecar.calls.attempts import CLOSE, FORGET
from accompanist.simulation.clusters.subject import Subject
from accompanist.simulation.search.workers import UNWILLING
from accompanist.simulation.worker import FencedWorker, Refusal, close_reply


class Entry(NamedTuple):
    """An effect. `kind`: forward or compensate."""

    site: str
    operation: str
    kind: ResultKind
    arguments: bytes


class EffectLedger:
    """Effects by session and role, in the order they happened."""

    def __init__(self) -> None:
        self.entries: dict[tuple[UUID, str], list[Entry]] = {}
        self.replies: dict[tuple[UUID, str, str], list[bytes]] = {}
        """The answers of each query, in order."""
        self.shut: dict[tuple[UUID, str], int] = {}
        """How many effects there were when the session was closed."""

    def of(self, session: UUID, role: str) -> list[Entry]:
        return self.entries.setdefault((session, role), [])


_UNFIT = Fault(f"the worker answered error {INVALID_PARAMS}", refused=True)
"""The answer to arguments of a wrong type, as from a worker's SDK. They come from hostile services, which may send a
branch and a value that do not belong together."""


class Workers:
    """The worker of one service, for any role. `subject_of`: the subject of a session at a role. `unwilling`: whether
    to decline "role.operation", which may decline."""

    def __init__(
        self,
        ledger: EffectLedger,
        subject_of: Callable[[UUID, str], Subject],
        unwilling: Callable[[str], bool],
        chance: random.Random,
    ) -> None:
        self._ledger = ledger
        self._subject_of = subject_of
        self._unwilling = unwilling
        self._chance = chance
        self.fences: dict[tuple[UUID, str], FencedWorker] = {}
        self._call: CallWorker | None = None
        self.forgotten: set[UUID] = set()

    def answer(self, method: str, arguments: bytes, about: Meta) -> Answer:
        """Execute a call at once, as one commit."""
        if method == FORGET:
            self._forget([UUID(text) for text in orjson.loads(arguments)["sessions"]])
            return Replied(b"null")
        if about.session is None or about.role is None or about.site is None:
            return Missing(method)
        worker = self._fence(about.session, about.role)
        if method == CLOSE:
            asked = orjson.loads(arguments)
            answer = Replied(close_reply(worker.close(asked["unless"], asked.get("before"))))
            if worker.closed:
                entries = self._ledger.of(about.session, about.role)
                self._ledger.shut.setdefault((about.session, about.role), len(entries))
            return answer
        self._call = CallWorker(about.site, ResultKind(about.kind), method, arguments, firm=about.retriable)
        try:
            return worker.call(self._call)
        except codec.DecodeError:
            return _UNFIT

    def _fence(self, session: UUID, role: str) -> FencedWorker:
        key = (session, role)
        if key not in self.fences:
            operations = self._subject_of(session, role).programs[role].projection.operations
            functions = {name: partial(self._do, session, role, name) for name in operations}
            self.fences[key] = FencedWorker(operations, functions)
        return self.fences[key]

    def _forget(self, sessions: list[UUID]) -> None:
        for key in [key for key in self.fences if key[0] in sessions]:
            del self.fences[key]
        self.forgotten.update(sessions)

    def _do(self, session: UUID, role: str, name: str, arguments: bytes) -> bytes:
        """An operation's own work. Raises Refusal."""
        subject = self._subject_of(session, role)
        operation = subject.programs[role].projection.operations[name]
        call = self._call
        assert call is not None
        if call.kind is ResultKind.COMPENSATE:
            # a compensation is entered under its own name
            self._ledger.of(session, role).append(Entry(call.site, name, call.kind, arguments))
            return b"null"
        if operation.may_decline and self._unwilling(f"{role}.{name}"):
            raise Refusal(UNWILLING)
        reply = subject.reply(role, name, arguments, self._chance)
        if operation.kind == "query":
            self._ledger.replies.setdefault((session, role, call.site), []).append(reply)
        else:
            self._ledger.of(session, role).append(Entry(call.site, name, call.kind, arguments))
        return reply


class PlainWorkers(Workers):
    """A worker without a fence: it executes every call, however often it comes. A call under one key has one effect, as
    a PUT does, and undoing what is not there does nothing."""

    def answer(self, method: str, arguments: bytes, about: Meta) -> Answer:
        if method in (CLOSE, FORGET) or about.session is None or about.role is None or about.site is None:
            return Missing(method)
        call = CallWorker(about.site, ResultKind(about.kind), method, arguments, firm=about.retriable)
        program = self._subject_of(about.session, about.role).programs[about.role]
        operation = program.projection.operations.get(method)
        if operation is None:
            return Missing(method)
        self._call = call
        try:
            return Replied(self._do(about.session, about.role, method, arguments))
        except Refusal as refusal:
            return Declined(refusal.reason)
        except codec.DecodeError:
            return _UNFIT
