"""Session cores with one rule of docs/durability.md or docs/protocol.md switched off each, for the search to find what
the rule is for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from accompanist.language.program.program import RoleProgram
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.control import control, reason_in
from accompanist.runtime.events import Answered, Arrived, Undid
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Executed, Phase, SessionRow
from accompanist.runtime.saga import Outcome
from accompanist.runtime.session import Session


class VotesBeforeItCloses(Session):
    """Votes and tells at once, and compensates what its log says was answered."""

    def _enter_closing(self) -> Outcome:
        return self._closed(self._from_results())


class CompensatesFromItsLog(Session):
    """Closes, but takes what was executed from its results and not from the fence."""

    def _closed(self, executed: Iterable[Executed], more: bool = False) -> Outcome:
        return super()._closed(tuple(entry for entry in self._from_results() if entry.site in self._results))


class TellsOnlyWhomItSentTo(Session):
    """Aborts go to the contacts that the log knows, not to everyone its projection can send to."""

    @property
    def program(self) -> RoleProgram:
        whole: RoleProgram = vars(self)["program"]
        contacts = frozenset(self.row.contacts) if "row" in vars(self) else frozenset[str]()
        return replace(whole, projection=replace(whole.projection, sends_to=contacts))

    @program.setter
    def program(self, program: RoleProgram) -> None:
        vars(self)["program"] = program


class TellsNobody(Session):
    """Aborts go to the initiator alone."""

    def __init__(self, program: RoleProgram, row: SessionRow) -> None:
        super().__init__(replace(program, projection=replace(program.projection, sends_to=frozenset())), row)

    def _enter_undoing(self) -> Outcome:
        self._update(contacts=())
        return super()._enter_undoing()


class MarksAllAtOnce(Session):
    """The first compensation marks the whole session undone."""

    def _on_undid(self, event: Undid) -> Outcome:
        for entry in self._undoing.unmarked(self._marks):
            self._mark(entry, "replied")
        self._undoing.leave_the_rest()
        self._asked = None
        return self._compensate_next()


class UndoesInOrder(Session):
    """Compensates in the order of commit, not in reverse."""

    def _closed(self, executed: Iterable[Executed], more: bool = False) -> Outcome:
        return super()._closed(tuple(executed)[::-1], more)


class GrantsAnything(Session):
    """Grants a cancel or a deadline wherever it is heard, also after its done vote."""

    def _on_consider(self, event: Arrived) -> Outcome:
        return self._close(reason_in(event.message))


class GrantsAfterTheCommitPoint(Session):
    """Forgets that the pivot is through."""

    def _past_commit(self) -> bool:
        return False


class HearsAbortsAfterTheCommitPoint(Session):
    """Believes that the saga is undone although its own pivot is through."""

    def _pivot_is_through(self) -> bool:
        return False

    def _past_commit(self) -> bool:
        return super()._past_commit() or super()._pivot_is_through()


class AbortsAPivotThatWasAsked(Session):
    """Undoes at another's word, whether its pivot was done meanwhile or not."""

    def _stands_at_pivot(self) -> CallWorker | None:
        return None


class HearsAbortsBehindTheCommitPoint(Session):
    """Believes a participant although it waits for what comes after the commit point."""

    def _waits_behind_commit(self) -> bool:
        return False


class KeepsNoCause(Session):
    """Does not keep that it believed a participant; a successor that stands further on does not."""

    def _keep_cause(self, message: Message) -> None:
        pass


class TellsNoneThatAreNamed(Session):
    """The initiator does not tell those whom only others have reached."""

    def _tell_named(self, senders: Iterable[str]) -> None:
        pass


class HearsAbortsWhenSettled(Session):
    """Takes it for proof of a divergence that a participant aborts what is settled."""

    def _believes(self, message: Message) -> bool:
        return self.row.phase is Phase.SETTLED or super()._believes(message)


class ClosesBlindly(Session):
    """Closes without asking whether the call in doubt was done after all."""

    def _close(self, reason: str, unless: str | None = None) -> Outcome:
        return super()._close(reason)


class KeepsItsContacts(Session):
    """A done vote that does not say whom this role has sent to."""

    def _enter_done(self) -> Outcome:
        outcome = super()._enter_done()
        self._draft.messages = [
            control(self.header, Kind.DONE, self.role, message.receiver, []) if message.kind is Kind.DONE else message
            for message in self._draft.messages
        ]
        return outcome


class KeepsItsSendSet(Session):
    """A `compensated` that does not say whom this role can send to."""

    def _enter_undone(self) -> Outcome:
        outcome = super()._enter_undone()
        said = {"reason": self.row.reason or "", "roles": []}
        self._draft.messages = [
            control(self.header, Kind.COMPENSATED, self.role, message.receiver, said)
            if message.kind is Kind.COMPENSATED
            else message
            for message in self._draft.messages
        ]
        return outcome


class ForgetsReplies(Session):
    """Goes on with a reply that it does not keep."""

    def _answer(self, event: Answered, outcome: str) -> None:
        super()._answer(event, outcome)
        self._draft.results.clear()


class TellsOfARecordItDoesNotKeep(Session):
    """Goes on from the commit point, and tells of it, while its record is not stable."""

    def _answer(self, event: Answered, outcome: str) -> None:
        super()._answer(event, outcome)
        self._draft.results = [result for result in self._draft.results if result.operation != "role.commit"]


class GrantsWithoutARecord(Session):
    """Closes for a cancel that it granted, and does not keep that it did."""

    def _update(self, **changes: Any) -> None:
        changes.pop("granted", None)
        super()._update(**changes)


class GrantsAfterItsVote(Session):
    """Grants a cancel after its done vote, where its path came to no commit point."""

    def _on_consider(self, event: Arrived) -> Outcome:
        if self.role == self._owner and not self._past_commit():
            return self._close(reason_in(event.message))
        return super()._on_consider(event)


class SettlesAlone(Session):
    """The initiator says settled at its own end, without the others' votes."""

    def _conclude(self) -> Outcome:
        if self.is_initiator and self.row.phase is Phase.DONE:
            self._tell_all(Kind.SETTLED, frozenset(self.row.contacts), None)
            return Outcome.ALL_DONE
        return super()._conclude()


class SpreadsNothing(Session):
    """A role that is done when the saga is undone is not told so by the initiator."""

    def _on_spread(self, event: Arrived) -> Outcome:
        self._note(event.message)
        return Outcome.NOTHING


class RunsBeforeItHearsTheAbort(Session):
    """Recovers by running on, though an abort lies in the inbox."""

    def _resume(self, inbox: Iterable) -> list:  # type: ignore[type-arg]
        waiting = list(inbox)
        first = super()._resume([message for message in waiting if message.kind is not Kind.ABORT])
        return first + [self.handle(Arrived(message)) for message in waiting if message.kind is Kind.ABORT]


class ForgetsWhatItAsked(Session):
    """Without a fence: only what was answered counts as done."""

    def _from_results(self) -> tuple[Executed, ...]:
        return tuple(entry for entry in super()._from_results() if entry.site in self._results)


class GuessesThatThePivotFailed(Session):
    """Without a fence: a pivot without an answer is taken as not done."""

    def _pivot_in_doubt(self) -> CallWorker | None:
        return None

    def _from_results(self) -> tuple[Executed, ...]:
        operations = self.program.projection.operations
        return tuple(entry for entry in super()._from_results() if not operations[entry.operation].pivot)
