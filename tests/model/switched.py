"""Session cores with one rule of docs/durability.md or docs/protocol.md switched off each, for the search to find what
the rule is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.control import control, reason_in
from accompanist.runtime.events import Arrived, CallAnswered, Undid
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.peer_aborts import PeerAborts
from accompanist.runtime.ports import Executed, Phase, SessionRow
from accompanist.runtime.position import Position
from accompanist.runtime.requests import UndoRequests
from accompanist.runtime.running import ForwardRun
from accompanist.runtime.saga import StepOutcome
from accompanist.runtime.session import Session, SessionParts
from accompanist.runtime.state import SessionState
from accompanist.runtime.undo import Undo
from accompanist.runtime.votes import Votes


class _VotesBeforeItCloses(Undo):
    def enter_closing(self) -> StepOutcome:
        return self.closed(self._position.from_results())


class VotesBeforeItCloses(Session):
    """Votes and tells at once, and compensates what its log says was answered."""

    parts = SessionParts(undo=_VotesBeforeItCloses)


class _CompensatesFromItsLog(Undo):
    def closed(self, executed: Iterable[Executed], more: bool = False) -> StepOutcome:
        return super().closed(
            tuple(entry for entry in self._position.from_results() if entry.site in self._state.results)
        )


class CompensatesFromItsLog(Session):
    """Closes, but takes what was executed from its results and not from the fence."""

    parts = SessionParts(undo=_CompensatesFromItsLog)


class _TellsOnlyWhomItSentTo(SessionState):
    @property
    def program(self) -> RoleProgram:
        whole: RoleProgram = vars(self)["program"]
        contacts = frozenset(self.row.contacts) if "row" in vars(self) else frozenset[str]()
        return replace(whole, projection=replace(whole.projection, sends_to=contacts))

    @program.setter
    def program(self, program: RoleProgram) -> None:
        vars(self)["program"] = program


class TellsOnlyWhomItSentTo(Session):
    """Aborts go to the contacts that the log knows, not to everyone its projection can send to."""

    parts = SessionParts(state=_TellsOnlyWhomItSentTo)


class _TellsNobody(Undo):
    def enter_undoing(self) -> StepOutcome:
        self._state.update(contacts=())
        return super().enter_undoing()


class TellsNobody(Session):
    """Aborts go to the initiator alone."""

    parts = SessionParts(undo=_TellsNobody)

    def __init__(self, program: RoleProgram, row: SessionRow) -> None:
        super().__init__(replace(program, projection=replace(program.projection, sends_to=frozenset())), row)


class _MarksAllAtOnce(Undo):
    def undid(self, event: Undid) -> StepOutcome:
        for entry in self._state.pages.unmarked(self._state.marks):
            self.mark(entry, "replied")
        self._state.pages.leave_the_rest()
        self._state.asked = None
        return self.compensate_next()


class MarksAllAtOnce(Session):
    """The first compensation marks the whole session undone."""

    parts = SessionParts(undo=_MarksAllAtOnce)


class _UndoesInOrder(Undo):
    def closed(self, executed: Iterable[Executed], more: bool = False) -> StepOutcome:
        return super().closed(tuple(executed)[::-1], more)


class UndoesInOrder(Session):
    """Compensates in the order of commit, not in reverse."""

    parts = SessionParts(undo=_UndoesInOrder)


class _GrantsAnything(UndoRequests):
    def consider(self, event: Arrived) -> StepOutcome:
        if self._state.row.phase is Phase.CLOSING:
            return self.defer(event)
        return self._undo.fail(reason_in(event.message))


class GrantsAnything(Session):
    """Grants a cancel or a deadline wherever it is heard, also after its done vote."""

    parts = SessionParts(requests=_GrantsAnything)


class _GrantsAfterTheCommitPoint(Position):
    def past_commit(self) -> bool:
        return False


class GrantsAfterTheCommitPoint(Session):
    """Forgets that the pivot is through."""

    parts = SessionParts(position=_GrantsAfterTheCommitPoint)


class _HearsAbortsAfterTheCommitPoint(Position):
    def pivot_is_through(self) -> bool:
        return False

    def past_commit(self) -> bool:
        return super().past_commit() or super().pivot_is_through()


class HearsAbortsAfterTheCommitPoint(Session):
    """Believes that the saga is undone although its own pivot is through."""

    parts = SessionParts(position=_HearsAbortsAfterTheCommitPoint)


class _AbortsAPivotThatWasAsked(Position):
    def stands_at_pivot(self) -> CallWorker | None:
        return None


class AbortsAPivotThatWasAsked(Session):
    """Undoes at another's word, whether its pivot was done meanwhile or not."""

    parts = SessionParts(position=_AbortsAPivotThatWasAsked)


class _HearsParticipants(PeerAborts):
    def _hears_abort_of(self, sender: str) -> bool:
        return True


class HearsParticipants(Session):
    """Believes a participant although another role owns the commit point, and may have passed it."""

    parts = SessionParts(aborts=_HearsParticipants)


class _TellsNoneThatAreNamed(Undo):
    def tell_named(self, senders: Iterable[str]) -> None:
        pass


class TellsNoneThatAreNamed(Session):
    """The initiator does not tell those whom only others have reached."""

    parts = SessionParts(undo=_TellsNoneThatAreNamed)


class _HearsAbortsWhenSettled(PeerAborts):
    def believes(self, message: Message) -> bool:
        return self._state.row.phase is Phase.SETTLED or super().believes(message)


class HearsAbortsWhenSettled(Session):
    """Takes it for proof of a divergence that a participant aborts what is settled."""

    parts = SessionParts(aborts=_HearsAbortsWhenSettled)


class _ClosesBlindly(Undo):
    def fail(self, reason: str, unless: str | None = None) -> StepOutcome:
        return super().fail(reason)


class ClosesBlindly(Session):
    """Closes without asking whether the call in doubt was done after all."""

    parts = SessionParts(undo=_ClosesBlindly)


class _KeepsItsContacts(Votes):
    def enter_done(self) -> StepOutcome:
        outcome = super().enter_done()
        self._state.draft.messages = [
            control(self._state.header, Kind.DONE, self._state.role, message.receiver, [])
            if message.kind is Kind.DONE
            else message
            for message in self._state.draft.messages
        ]
        return outcome


class KeepsItsContacts(Session):
    """A done vote that does not say whom this role has sent to."""

    parts = SessionParts(votes=_KeepsItsContacts)


class _KeepsItsSendSet(Votes):
    def enter_undone(self) -> StepOutcome:
        outcome = super().enter_undone()
        said = {"reason": self._state.row.reason or "", "roles": []}
        self._state.draft.messages = [
            control(self._state.header, Kind.COMPENSATED, self._state.role, message.receiver, said)
            if message.kind is Kind.COMPENSATED
            else message
            for message in self._state.draft.messages
        ]
        return outcome


class KeepsItsSendSet(Session):
    """A `compensated` that does not say whom this role can send to."""

    parts = SessionParts(votes=_KeepsItsSendSet)


class _ForgetsReplies(SessionState):
    def answer(self, event: CallAnswered, outcome: str) -> None:
        super().answer(event, outcome)
        self.draft.results.clear()


class ForgetsReplies(Session):
    """Goes on with a reply that it does not keep."""

    parts = SessionParts(state=_ForgetsReplies)


class _TellsOfARecordItDoesNotKeep(SessionState):
    def answer(self, event: CallAnswered, outcome: str) -> None:
        super().answer(event, outcome)
        self.draft.results = [result for result in self.draft.results if result.operation != "role.commit"]


class TellsOfARecordItDoesNotKeep(Session):
    """Goes on from the commit point, and tells of it, while its record is not stable."""

    parts = SessionParts(state=_TellsOfARecordItDoesNotKeep)


class _GrantsWithoutARecord(SessionState):
    def update(self, **changes: Any) -> None:
        changes.pop("granted", None)
        super().update(**changes)


class GrantsWithoutARecord(Session):
    """Closes for a cancel that it granted, and does not keep that it did."""

    parts = SessionParts(state=_GrantsWithoutARecord)


class _GrantsAfterItsVote(UndoRequests):
    def consider(self, event: Arrived) -> StepOutcome:
        closing = self._state.row.phase is Phase.CLOSING
        if self._state.role == self._owner and not closing and not self._position.past_commit():
            return self._undo.fail(reason_in(event.message))
        return super().consider(event)


class GrantsAfterItsVote(Session):
    """Grants a cancel after its done vote, where its path came to no commit point."""

    parts = SessionParts(requests=_GrantsAfterItsVote)


class _SettlesAlone(Votes):
    def _conclude(self) -> StepOutcome:
        if self._state.is_initiator and self._state.row.phase is Phase.DONE:
            self._tell_all(Kind.SETTLED, frozenset(self._state.row.contacts), None)
            return StepOutcome.ALL_DONE
        return super()._conclude()


class SettlesAlone(Session):
    """The initiator says settled at its own end, without the others' votes."""

    parts = SessionParts(votes=_SettlesAlone)


class _VotesDoneThoughItFailed(Undo):
    def fail(self, reason: str, unless: str | None = None) -> StepOutcome:
        self._state.update(vote="done")
        return StepOutcome.VOTED


class VotesDoneThoughItFailed(Session):
    """Takes a failure of its program for its end."""

    parts = SessionParts(undo=_VotesDoneThoughItFailed)


class _GivesUpAfterACrash(ForwardRun):
    def advance(self) -> StepOutcome:
        return self._undo.fail("it crashed") if self._state.inherited else super().advance()


class GivesUpAfterACrash(Session):
    """Takes a call that was asked before a crash for a failure."""

    parts = SessionParts(running=_GivesUpAfterACrash)


class _SpreadsNothing(Undo):
    def spread(self, event: Arrived) -> StepOutcome:
        self._state.note(event.message)
        return StepOutcome.NOTHING


class SpreadsNothing(Session):
    """A role that is done when the saga is undone is not told so by the initiator."""

    parts = SessionParts(undo=_SpreadsNothing)


class RunsBeforeItHearsTheAbort(Session):
    """Recovers by running on, though an abort lies in the inbox."""

    def _resume(self, inbox: Iterable) -> list:  # type: ignore[type-arg]
        waiting = list(inbox)
        first = super()._resume([message for message in waiting if message.kind is not Kind.ABORT])
        return first + [self.handle(Arrived(message)) for message in waiting if message.kind is Kind.ABORT]


class _ForgetsWhatItAsked(Position):
    def from_results(self) -> tuple[Executed, ...]:
        return tuple(entry for entry in super().from_results() if entry.site in self._state.results)


class ForgetsWhatItAsked(Session):
    """Without a fence: only what was answered counts as done."""

    parts = SessionParts(position=_ForgetsWhatItAsked)


class _GuessesThatThePivotFailed(Position):
    def pivot_in_doubt(self) -> CallWorker | None:
        return None

    def from_results(self) -> tuple[Executed, ...]:
        operations = self._state.program.projection.operations
        return tuple(entry for entry in super().from_results() if not operations[entry.operation].pivot)


class GuessesThatThePivotFailed(Session):
    """Without a fence: a pivot without an answer is taken as not done."""

    parts = SessionParts(position=_GuessesThatThePivotFailed)


class _ReleasesAnyAnswerEarly(SessionState):
    def answer(self, event: CallAnswered, outcome: str) -> None:
        forced = self.draft.forced
        super().answer(event, outcome)
        self.draft.forced, self.draft.kept_elsewhere = forced, True


class ReleasesAnyAnswerEarly(Session):
    """Goes on with any answer before its log has it, whether a fence keeps that answer or not."""

    parts = SessionParts(state=_ReleasesAnyAnswerEarly)


class _CallsThePivotEarly(ForwardRun):
    def _calls_pivot(self) -> bool:
        return False


class CallsThePivotEarly(Session):
    """Calls the pivot before its log has what the call depends on."""

    parts = SessionParts(running=_CallsThePivotEarly)


class _TellsItsVoteAhead(Votes):
    def enter_done(self) -> StepOutcome:
        outcome = super().enter_done()
        self._state.draft.ahead = len(self._state.draft.messages)
        return outcome


class TellsItsVoteAhead(Session):
    """Tells its vote before its log has it."""

    parts = SessionParts(votes=_TellsItsVoteAhead)


class _EndsUnasked(SessionState):
    @property
    def never_began(self) -> bool:
        return not self.is_initiator


class EndsUnasked(Session):
    """Is over once it is undone, whatever it had done, and waits for no word of the initiator."""

    parts = SessionParts(state=_EndsUnasked)
