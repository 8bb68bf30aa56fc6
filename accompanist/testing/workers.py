"""Fake workers in a test, called like real ones: once for each call that reaches them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from accompanist.language import direct
from accompanist.language.program.program import Operation, RoleProgram
from accompanist.language.values import codec
from accompanist.runtime.answers import Answer
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.events import CloseAnswered
from accompanist.simulation.search.workers import values_of
from accompanist.simulation.worker import FencedWorker, Refusal


class StageWorker(Protocol):
    """A role's worker, as the stage calls it. `plain`: it has no fence."""

    @property
    def plain(self) -> bool: ...

    def call(self, call: CallWorker) -> Answer: ...

    def close(self, close: CloseWorker) -> CloseAnswered: ...


class Fakes:
    """A worker made of functions by operation, or of one object that has the operations as methods. An operation
    without a function gives its reply in `replies`."""

    plain = False

    def __init__(
        self, program: RoleProgram, source: Mapping[str, Callable[..., Any]] | object, replies: Mapping[str, bytes]
    ) -> None:
        self._program, self._source, self._replies = program, source, replies
        operations = program.projection.operations
        self._fenced = FencedWorker(operations, {name: self._function(each) for name, each in operations.items()})

    def call(self, call: CallWorker) -> Answer:
        return self._fenced.call(call)

    def close(self, close: CloseWorker) -> CloseAnswered:
        return self._fenced.close(close.unless, close.before)

    def _function(self, operation: Operation) -> Callable[[bytes], bytes]:
        source, name = self._source, operation.name
        fake = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)

        def call(arguments: bytes) -> bytes:
            if fake is None:
                return self._replies.get(name, b"null")
            try:
                reply = fake(**values_of(self._program, name, arguments))
            except direct.Declined as declined:
                if not operation.may_decline:
                    text = f"{self._program.role}.{name} declines, which it may not by its contract: {declined.reason}"
                    raise AssertionError(text) from None
                raise Refusal(declined.reason) from None
            return b"null" if operation.kind == "compensation" else self._encoded(name, reply)

        return call

    def _encoded(self, name: str, reply: Any) -> bytes:
        """A reply as JSON bytes. Raises AssertionError for a reply that does not fit its type: that is a mistake of the
        fake, and no part of the saga."""
        _, returns = self._program.operation_types[name]
        try:
            encoded = codec.encode(reply)
            codec.decode(encoded, returns)
        except (codec.EncodeError, codec.DecodeError) as problem:
            raise AssertionError(
                f"the fake {self._program.role}.{name} replies what does not fit: {problem.text}"
            ) from None
        return encoded
