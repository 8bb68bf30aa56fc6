"""Every way in which a worker with a fence may answer a call, for the search.

The fence itself is `simulation.fence`: what it decides has one answer. Where it lets a call in, the worker is free, and
the search follows each way in which it may answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from accompanist.language.program.program import Operation
from accompanist.runtime.answers import Answer, Declined
from accompanist.runtime.burst import CallWorker
from accompanist.simulation.fence import FenceState, Fencing, enter, leave


class ModelWorker(Protocol):
    """What a role's service does. It is asked once for each call that the fence lets in."""

    memory: bytes
    """Its data before the saga."""

    def answers(self, call: CallWorker, memory: bytes) -> list[tuple[Answer, bytes]]:
        """The ways in which it may answer, each with its data thereafter. Fault: it does not succeed."""
        ...


@dataclass(frozen=True, slots=True)
class Answering:
    """One way in which a call ends. `declined`: the worker declines a call that it could have done."""

    answer: Answer
    fence: FenceState
    declined: bool = False


def answer(
    fence: FenceState, call: CallWorker, operation: Operation, worker: ModelWorker, rules: Fencing
) -> Iterator[Answering]:
    """Every way in which the worker may answer a call."""
    if operation.drawn:  # the sidecar answers it itself, without a fence
        yield from (Answering(told, fence) for told, _ in worker.answers(call, fence.memory))
        return
    decided, entered = enter(fence, call, operation, rules)
    if decided is not None:
        yield Answering(decided, entered)
        return
    ways = worker.answers(call, fence.memory)
    for told, memory in ways:
        answered, left = leave(fence, call, operation, told, memory)
        yield Answering(answered, left, declined=isinstance(told, Declined) and len(ways) > 1)
