"""One role whose worker has no fence: how it executes calls, and how the sidecar handles them.

The worker executes every call that reaches it, also a late one. A call has one effect, however often it comes under its
key. But the worker chooses its answer anew each time: it may decline a call that it has executed. It answers the
compensation of what never ran as done. It keeps no records. So its `FenceState` has only what an observer could see:
what was executed and undone (`executed`, `undone`), which compensations came (`records`), and the worker's data.

A call is made in attempts. An attempt can end without an answer in three ways: its connection is lost after the worker
has executed it; its connection is lost before, and the worker may still execute it (`late`); its time is over, and the
answer may still come (`open`). Then there is another attempt, or the retry budget is spent. `Care` has what is modelled
of the sidecar; each part of it can be switched off:

    asked_first  the log records a call before it leaves
    waits        a close is answered once no call of the session can be executed any more
    doubts       a decline is not believed if an earlier attempt may have been executed

A session that is left to a person (`runtime.unfenced`) has reached an end. Not modelled: what the person does then, a
worker that executes a call after the sidecar has stopped waiting for it, and two sidecars that call for one session.
"""

from __future__ import annotations

from collections.abc import Iterator

from accompanist.language.program.program import Operation
from accompanist.runtime.answers import Declined, Replied
from accompanist.runtime.burst import Burst, CallWorker, CloseWorker
from accompanist.runtime.events import CallAnswered, CloseAnswered, Name
from accompanist.runtime.ports import Executed, Parked, Phase, ResultKind, ResultRow
from accompanist.runtime.unfenced import IN_DOUBT, UNENDED
from accompanist.sidecar.calls.meaning import event_of
from accompanist.simulation.fence import FenceState, Record
from accompanist.simulation.search.fence import Answering, ModelWorker
from accompanist.simulation.search.role import RoleSystem
from accompanist.simulation.search.state import Asked, Chance, RoleState, Transition
from accompanist.simulation.search.words import did

_DONE = Replied(b"null")


def answer(fence: FenceState, call: CallWorker, operation: Operation, worker: ModelWorker) -> Iterator[Answering]:
    """Every way in which a worker without a fence may answer a call."""
    if call.kind is ResultKind.COMPENSATE and not any(entry.site == call.site for entry in fence.executed):
        yield Answering(_DONE, _compensated(fence, call))
        return
    ways = worker.answers(call, fence.memory)
    for told, memory in ways:
        then = fence
        if isinstance(told, Replied) and operation.kind != "query" and not operation.drawn:
            then = _carried_out(fence, call, memory)
        yield Answering(told, then, declined=isinstance(told, Declined) and len(ways) > 1)


def _carried_out(fence: FenceState, call: CallWorker, memory: bytes) -> FenceState:
    compensated = fence.record(call.site, ResultKind.COMPENSATE) is not None
    if call.kind is ResultKind.COMPENSATE:
        if compensated:
            return fence
        return _compensated(fence, call)._replace(undone=(*fence.undone, call.site), memory=memory)
    if not compensated and any(entry.site == call.site for entry in fence.executed):
        return fence
    entry = Executed(call.site, call.operation, call.arguments)
    return fence._replace(executed=(*fence.executed, entry), memory=memory)


def _compensated(fence: FenceState, call: CallWorker) -> FenceState:
    return fence._replace(records=fence.records | {Record(call.site, call.kind, call.operation, b"", _DONE)})


class PlainRole(RoleSystem):
    """What can happen at a role whose worker has no fence."""

    plain = True

    def _first(self, burst: Burst) -> bool:
        return self._rules.care.asked_first and any(map(self._counts, burst.calls))

    def _counts(self, call: Asked) -> bool:
        """Whether a call may change something and cannot be undone yet."""
        if not isinstance(call, CallWorker) or call.kind is not ResultKind.FORWARD:
            return False
        return self._program.projection.operations[call.operation].kind == "transaction"

    def _for_a_person(self, parked: Parked) -> bool:
        return parked.code in (IN_DOUBT, UNENDED)

    def _ways(self, state: RoleState, call: CallWorker) -> Iterator[Answering]:
        return answer(state.fence, call, self._program.projection.operations[call.operation], self._worker)

    def _shut(self, state: RoleState, call: CloseWorker) -> tuple[CloseAnswered, FenceState]:
        return CloseAnswered(Name.CLOSED, None, before=call.before), state.fence

    # -- calling -----------------------------------------------------------------------------------

    def _calls(self, state: RoleState, call: CallWorker) -> Iterator[Transition]:
        if not self._counts(call):
            yield from super()._calls(state, call)
            return
        over = _over(state, call)
        for way in self._ways(state, call):
            text, there = f"{self.name}'s worker {did(call, way.answer)}", over._replace(fence=way.fence)
            if isinstance(way.answer, Declined):
                yield from self._declines(state, call, way, text)
                continue
            event = event_of(call, way.answer)
            yield self._effect(state, there) or self._fed(there, event, event, text, Chance.HELPFUL)
            unheard = state._replace(fence=way.fence, doubted=state.doubted | {call.site})
            yield from self._unanswered(state, unheard, call, f"{text}; its connection is lost")
        late = state._replace(late=state.late | {call}, doubted=state.doubted | {call.site})
        yield from self._unanswered(state, late, call, f"{self.name} loses its connection for {_named(call)}")
        waiting = state._replace(open=state.open | {call})
        text = f"{_named(call)} runs out of its time at {self.name}, which asks again"
        yield Transition(text, Chance.LOST, self._number(waiting))

    def _unanswered(self, state: RoleState, to: RoleState, call: CallWorker, text: str) -> Iterator[Transition]:
        """An attempt ends without an answer: there is another attempt, or the retry budget is spent."""
        broken = self._effect(state, to)
        if broken is not None:
            yield broken
            return
        yield Transition(f"{text}; {self.name} asks again", Chance.LOST, self._number(to))
        if not call.endless:
            yield self._exhausted(_over(to, call), call, f"{text}; {self.name} gives up")

    def _declines(self, state: RoleState, call: CallWorker, way: Answering, text: str) -> Iterator[Transition]:
        """A decline decides the call if no earlier attempt can have been executed: there was none, or the answer to it
        is awaited and is a decline, too. If the awaited answer is a reply, the reply counts. If the outcome of an
        earlier attempt is unknown, so is the call's."""
        if call.firm:
            return  # it may not decline, so the sidecar tries again
        over, chance = _over(state, call), Chance.DECLINE if way.declined else Chance.HELPFUL
        executed = any(entry.site == call.site for entry in state.fence.executed)
        waited = any(earlier.site == call.site for earlier in state.open)
        doubtful = call.site in state.doubted or self._sessions.unanswered(state.live) == call.site
        if waited and self._rules.care.doubts:
            for late in self._ways(state, call):
                if isinstance(late.answer, Replied):
                    there, event = over._replace(fence=late.fence), event_of(call, late.answer)
                    words = f"{text}; the earlier attempt is answered after all"
                    yield self._effect(state, there) or self._fed(there, event, event, words, chance)
            doubtful |= executed
        if doubtful and self._rules.care.doubts:
            event = CallAnswered(call.site, Name.EXHAUSTED)
            yield self._fed(over, event, event, f"{text}, which is not believed", chance)
            return
        event = event_of(call, way.answer)
        there = over._replace(late=state.late - {call}) if self._rules.care.doubts else over
        yield self._fed(there, event, event, text, chance)

    # -- closing -----------------------------------------------------------------------------------

    def _closes(self, state: RoleState, call: CloseWorker) -> Iterator[Transition]:
        event, _ = self._shut(state, call)
        if not self._rules.care.waits:
            rest = state._replace(asked=state.asked - {call})
            yield self._fed(rest, event, event, f"{self.name}'s worker has no fence", Chance.HELPFUL)
            return
        asking = frozenset(filter(self._counts, state.asked))
        stopped = state._replace(asked=state.asked - asking - {call}, open=frozenset(), doubted=frozenset())
        # a call whose reply would keep the session from being undone is waited for, which takes a minute at most
        chance = Chance.LOST if asking and call.unless is not None else Chance.HELPFUL
        ended = stopped._replace(late=frozenset())
        yield self._fed(ended, event, event, f"nothing that {self.name} asked for is under way any more", chance)
        if asking or state.late or state.open:
            unended = CloseAnswered(Name.UNENDED, None, before=call.before)
            late = stopped._replace(late=state.late | state.open | self._underway(state))
            yield self._fed(late, unended, unended, f"what {self.name} asked for does not end", Chance.LOST)

    # -- late calls --------------------------------------------------------------------------------

    def _underway(self, state: RoleState) -> frozenset[Asked]:
        kinds = {name: operation.kind for name, operation in self._program.projection.operations.items()}
        calls = (call for call in state.asked if isinstance(call, CallWorker))
        return frozenset(call for call in calls if kinds[call.operation] in ("transaction", "compensation"))

    def _dead(self, state: RoleState) -> RoleState:
        late = state.late | state.open
        return super()._dead(state._replace(late=late, open=frozenset(), doubted=frozenset()))

    def _arrives(self, state: RoleState) -> Iterator[Transition]:
        yield from super()._arrives(state)
        for call in state.open:
            for way in self._ways(state, call):
                text = f"{self.name}'s worker {did(call, way.answer)}, whose time is over"
                to = state._replace(fence=way.fence)
                move = Transition(text, Chance.LATE, self._number(to), declines=way.declined)
                yield self._effect(state, to) or move

    def _inert(self, fence: FenceState, call: Asked) -> bool:
        return False  # without a fence, every late call may be executed

    def _at_the_end(self, state: RoleState) -> RoleState:
        over = super()._at_the_end(state._replace(late=state.late | state.open))
        row = self._row(state.row)
        settled = row is not None and row.phase is Phase.SETTLED
        # a late call may repeat an effect of a settled saga; that breaks nothing, so such states count as one
        return over._replace(late=frozenset()) if settled else over

    def _told(self, results: frozenset[ResultRow]) -> frozenset[ResultRow]:
        """The forward results: without a fence, only the log has them."""
        return frozenset(result for result in results if result.kind is ResultKind.FORWARD)


def _over(state: RoleState, call: CallWorker) -> RoleState:
    """The state after a call was answered, or given up: nobody waits for its earlier attempts any more."""
    unheard = frozenset(earlier for earlier in state.open if earlier.site == call.site)
    return state._replace(
        asked=state.asked - {call},
        open=state.open - unheard,
        late=state.late | unheard,
        doubted=state.doubted - {call.site},
    )


def _named(call: CallWorker) -> str:
    return f"{call.operation} at {call.site}"
