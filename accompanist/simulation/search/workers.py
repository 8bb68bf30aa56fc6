"""Fake workers for the search and for tests: from fixed replies, from functions, or from a stateful object.

An object finds the most mistakes. Its data are part of the searched state, and after an undone saga they must be what
they were before. So a compensation that undoes only half is found, too.

A function declines by raising `Declined` (of `language.direct`) or `Refusal` (of `simulation.worker`). A compensation
that raises has failed. A forward call that raises another exception gives no answer, as after a crash.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Mapping
from typing import Any

from accompanist.errors import AuthorError, catalogue
from accompanist.language import direct
from accompanist.language.program.program import Operation, RoleProgram
from accompanist.language.values import codec
from accompanist.runtime.answers import Answer, Declined, Fault, Replied
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.ports import ResultKind
from accompanist.simulation.search.fence import ModelWorker
from accompanist.simulation.worker import Refusal

FORGOTTEN = catalogue(
    "ACC834",
    "a query changes the data of its fake",
    "A search goes back to earlier states and tries something else, so it keeps a fake's data as part of each state: "
    "what a transaction or a compensation changed. A query has no effect, so what it changes would be lost, and what "
    "the fake answers by it would be wrong in silence.",
    "Let the answer follow from the arguments and from what transactions did; or use `run` of `testing.Saga`, which "
    "asks each fake once for each call and rolls nothing back.",
)
UNWILLING = "it was made to decline"
_TURN = re.compile(r"\[(\d+)\]")


def turned(site: str) -> bool:
    """Whether a site is in a second or later turn of a loop."""
    return any(int(turn) > 1 for turn in _TURN.findall(site))


def values_of(program: RoleProgram, operation: str, arguments: bytes) -> dict[str, Any]:
    """The arguments of a call as the values that a user's function takes."""
    types, _ = program.operation_types[operation]
    given = codec.decode(arguments, dict[str, Any])
    return {name: codec.decode(codec.encode(given[name]), type) for name, type in types.items()}


class Replies:
    """A worker with one reply for each operation. From the second turn of a loop on it gives the reply in `later`, if
    there is one. `declines`: it may decline each operation that may decline."""

    def __init__(
        self,
        operations: Mapping[str, Operation],
        replies: Mapping[str, bytes],
        declines: bool,
        later: Mapping[str, bytes] | None = None,
    ) -> None:
        self._operations, self._replies, self._declines = operations, replies, declines
        self._later = later or {}
        self.memory = b""

    def answers(self, call: CallWorker, memory: bytes) -> list[tuple[Answer, bytes]]:
        replies = self._later if call.operation in self._later and turned(call.site) else self._replies
        reply: tuple[Answer, bytes] = (Replied(replies.get(call.operation, b"null")), memory)
        if self._declines and self._operations[call.operation].may_decline:
            return [reply, (Declined(UNWILLING), memory)]
        return [reply]


class Functions:
    """A worker made of functions by operation, or of one object that has the operations as methods and keeps data.

    `declines`: the adversary may make any operation decline that may decline. An operation without a function gives its
    reply in `replies`."""

    def __init__(
        self,
        program: RoleProgram,
        source: Mapping[str, Callable[..., Any]] | object,
        replies: Mapping[str, bytes],
        declines: bool,
    ) -> None:
        self._program, self._source, self._replies, self._declines = program, source, replies, declines
        self._spellings: dict[bytes, bytes] = {}
        self._known: dict[tuple[str, bytes, bytes], tuple[Answer, bytes]] = {}
        self._operations = program.projection.operations
        self.memory = b"" if isinstance(source, Mapping) else self._spelling(source)

    def answers(self, call: CallWorker, memory: bytes) -> list[tuple[Answer, bytes]]:
        key = (call.operation, call.arguments, memory)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._answer(call, memory)
        if self._declines and self._operations[call.operation].may_decline and not isinstance(known[0], Declined):
            return [known, (Declined(UNWILLING), memory)]
        return [known]

    def _answer(self, call: CallWorker, memory: bytes) -> tuple[Answer, bytes]:
        source: Any = self._source if isinstance(self._source, Mapping) else pickle.loads(memory)
        function = source.get(call.operation) if isinstance(source, Mapping) else getattr(source, call.operation, None)
        undoes = self._operations[call.operation].kind == "compensation"
        if function is None:
            return Replied(self._replies.get(call.operation, b"null")), memory
        try:
            reply = codec.encode(function(**values_of(self._program, call.operation, call.arguments)))
        except (direct.Declined, Refusal) as refusal:
            return (Fault(refusal.reason) if undoes else Declined(refusal.reason)), memory
        except Exception as problem:
            return Fault(f"{type(problem).__name__}: {problem}"), memory
        if self._operations[call.operation].kind == "query" and source is not self._source:
            self._unchanged(call, source, memory)
        return Replied(b"null" if undoes else reply), memory if source is self._source else self._spelling(source)

    def _unchanged(self, call: CallWorker, source: object, memory: bytes) -> None:
        """Check that a query left the data unchanged: its change would be seen in some schedules only. Raises
        AuthorError."""
        if self._spelling(source) != memory:
            raise AuthorError(FORGOTTEN, f"{self._program.role}.{call.operation} changes the data of its fake")

    def _spelling(self, source: object) -> bytes:
        """An object's data as bytes. Equal data gives the same bytes, whatever its history."""
        data = pickle.dumps(source)
        try:
            meaning = codec.encode(vars(source))
        except codec.EncodeError:
            meaning = data
        return self._spellings.setdefault(meaning, data)


class Declining:
    """A worker that declines some operations, each with its reason, and leaves the others to another worker."""

    def __init__(self, worker: ModelWorker, reasons: Mapping[str, str]) -> None:
        self._worker, self._reasons, self.memory = worker, reasons, worker.memory

    def answers(self, call: CallWorker, memory: bytes) -> list[tuple[Answer, bytes]]:
        reason = self._reasons.get(call.operation)
        if reason is None or call.kind is ResultKind.COMPENSATE:
            return self._worker.answers(call, memory)
        return [(Declined(reason), memory)]
