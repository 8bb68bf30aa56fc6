"""An immutable model of a role's worker with a fence: each call returns a new value.

The same behaviour as `simulation.worker.FencedWorker`, which changes in place; a test holds the two together. The fence
is durable: no crash touches it. It may answer in several ways where the worker is free to: one `Answering` for each.

Each rule of the fence can be switched off, to see what it is there for (`Fencing`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from accompanist.language.program.program import Operation
from accompanist.language.values import codec
from accompanist.runtime.answers import Answer, Closed, Declined, Fault, Replied, Reused
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.events import CloseAnswered, Name
from accompanist.runtime.ports import Executed, ResultKind


class Record(NamedTuple):
    """One call that the fence has answered, under its key."""

    site: str
    kind: ResultKind
    digest: bytes
    answer: Answer


class FenceState(NamedTuple):
    """All that is durable at one worker in one session. `memory` is the worker's own data, as bytes; `doubled` the
    sites whose effect happened again although it had happened: none, while the fence does its work."""

    closed: bool = False
    executed: tuple[Executed, ...] = ()
    undone: tuple[str, ...] = ()
    records: frozenset[Record] = frozenset()
    memory: bytes = b""
    doubled: tuple[str, ...] = ()

    def record(self, call: CallWorker) -> Record | None:
        return next((r for r in self.records if (r.site, r.kind) == (call.site, call.kind)), None)


class Fencing(NamedTuple):
    """The fence's rules. `door`: a closed session takes no forward call. `replies_kept`: a repeat is answered from
    the record that was committed with the effect."""

    door: bool = True
    replies_kept: bool = True


class ModelWorker(Protocol):
    """What a role's service does. It is asked once for each call that the fence lets in."""

    memory: bytes
    """Its data before the saga."""

    def answers(self, call: CallWorker, memory: bytes) -> list[tuple[Answer, bytes]]:
        """The ways in which it may answer, each with its data thereafter. Fault: it does not succeed."""
        ...


@dataclass(frozen=True, slots=True)
class Answering:
    """One way in which a call ends. `declined`: the worker decides now against what it might have done."""

    answer: Answer
    fence: FenceState
    declined: bool = False


def answer(
    fence: FenceState, call: CallWorker, operation: Operation, worker: ModelWorker, rules: Fencing
) -> Iterator[Answering]:
    """Every way in which the worker may answer a call."""
    if operation.drawn:  # the sidecar itself says so: no fence keeps it, and no door keeps it out
        yield from (Answering(told, fence) for told, _ in worker.answers(call, fence.memory))
        return
    digest = codec.digest(call.arguments)
    known = fence.record(call)
    if known is not None and (rules.replies_kept or call.kind is ResultKind.COMPENSATE):
        yield Answering(known.answer if known.digest == digest else Reused(call.site), fence)
    elif call.kind is ResultKind.FORWARD and fence.closed and rules.door and operation.kind != "query":
        yield Answering(Closed(), fence)
    else:
        ways = worker.answers(call, fence.memory)
        for told, memory in ways:
            then = _answered(fence, call, operation, digest, told, memory)
            yield replace(then, declined=isinstance(told, Declined) and len(ways) > 1)


def _answered(
    fence: FenceState, call: CallWorker, operation: Operation, digest: bytes, told: Answer, memory: bytes
) -> Answering:
    no_outcome = isinstance(told, Declined) and (call.firm or operation.retriable)
    if operation.kind == "query" or isinstance(told, Fault) or no_outcome:
        return Answering(told, fence)
    records = fence.records | {Record(call.site, call.kind, digest, told)}
    there = any(entry.site == call.site for entry in fence.executed)
    if call.kind is ResultKind.COMPENSATE:
        if not there:  # what never ran is undone
            return Answering(Replied(b"null"), fence._replace(records=records))
        undone = (*fence.undone, call.site)
        return Answering(told, fence._replace(records=records, undone=undone, memory=memory))
    if isinstance(told, Declined):
        return Answering(told, fence._replace(records=records))
    if there:
        return Answering(told, fence._replace(doubled=(*fence.doubled, call.site), memory=memory))
    executed = (*fence.executed, Executed(call.site, call.operation, call.arguments))
    return Answering(told, fence._replace(records=records, executed=executed, memory=memory))


def close(fence: FenceState, asked: CloseWorker, page_rows: int) -> tuple[CloseAnswered, FenceState]:
    """Shut the door and say what was executed and is not undone, a page of it; or, `unless` that site has a reply, give
    the reply."""
    unless, before = asked.unless, asked.before
    if unless is not None and not fence.closed:
        held = fence.record(CallWorker(unless, ResultKind.FORWARD, "", b""))
        if held is not None and isinstance(held.answer, Replied):
            return CloseAnswered(Name.HELD, (), held.answer.value), fence
    sites = [entry.site for entry in fence.executed]
    earlier = fence.executed if before is None else fence.executed[: sites.index(before)]
    undone = {record.site for record in fence.records if record.kind is ResultKind.COMPENSATE}
    left = tuple(entry for entry in earlier if entry.site not in undone)
    page = left[-page_rows:]
    told = CloseAnswered(Name.CLOSED, page, before=before, more=len(page) < len(left))
    return told, fence._replace(closed=True)
