"""What a session core remembers, and the changes that its parts share.

State is of two kinds. `row` is what the log keeps: only `update` changes it, and the next burst carries it. The rest
is volatile: the mailbox, the results that a run reads, the others' answers, the open call at the worker. A crash loses
it, and `Session.recover` computes it again.

Not promised: that a state makes sense on its own. The parts of a session decide over it, one event at a time.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from accompanist.errors import PeerError, catalogue
from accompanist.language.program.program import RoleProgram
from accompanist.language.values import codec
from accompanist.runtime import saga
from accompanist.runtime.authority import reached_by
from accompanist.runtime.burst import CallWorker, Draft, WaitFor
from accompanist.runtime.compensation_pages import CompensationPages
from accompanist.runtime.events import (
    Arrived,
    CallAnswered,
    Clashed,
)
from accompanist.runtime.mailbox import Contradiction, Mailbox
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import Parked, Phase, ResultKind, ResultRow, SessionRow
from accompanist.runtime.replay import Failed, Run, Wait, decode_arguments
from accompanist.runtime.trace import Trace

ILL_TOLD = catalogue(
    "ACC217",
    "an event that was told does not fit",
    "An event that arrives before its session is stored unchecked. The program that waits for it expects another type: "
    "a member is missing or misspelt, or the event was meant for another version. The session is parked.",
    "`accompanist sessions show ID` shows the event. Give the value that the program is to read: `accompanist sessions "
    "resolve ID --role ROLE --value JSON --why REASON`; or undo the saga: `accompanist sessions cancel ID`.",
)
CLASH = catalogue(
    "ACC205",
    "two contents under one identity",
    "A message was sent twice with different content, or an idempotency key was used with other arguments. The content "
    "of a message follows from its place in the program, so a value that must be recorded was not, or the code "
    "changed.",
    "Compare `accompanist sessions show` of both roles.",
)


class SessionState:
    """What a session at one role remembers."""

    def __init__(self, program: RoleProgram, row: SessionRow) -> None:
        self.program = program
        self.row = row
        self.role = row.role
        self.header: Header = row.header
        self.key: tuple[UUID, str] = (self.header.session, self.role)
        self.is_initiator = self.role == self.header.initiator
        self.mailbox = Mailbox()
        self.results: dict[str, ResultRow] = {}
        self.marks: set[str] = set()
        """The sites whose compensation is recorded."""
        self.pages = CompensationPages()
        self.orders: list[Message] = []
        """Operators' orders about a compensation, deferred until its page has been read from the fence."""
        self.timers: set[str] = set()
        """The sites whose timers are set, `!deadline` among them."""
        self.arguments: bytes | None = None
        self.run: Run | None = None
        self.wait: Wait | None = None
        self.asked: str | None = None
        """The site of the call or compensation under way."""
        self.late: CallAnswered | None = None
        """The answer to the call in doubt that came while the session was closing."""
        self.closed_idle = False
        """Whether its worker had done nothing when it was closed. A session that is loaded while it is undone does not
        know that any more."""
        self.unless: str | None = None
        """The site in the last close: if the fence holds a reply for it, the session is not closed."""
        self.inherited = False
        """Whether its worker had been called before the session was loaded from the log."""
        self.unanswered: str | None = None
        """The site of a call that was made, but not answered, before the session was loaded from the log or parked."""
        self.said_done: dict[str, frozenset[str]] = {}
        self.said_undone: dict[str, frozenset[str]] = {}
        """What each role that voted done, or is undone, says it has reached."""
        self.told = False
        """Whether another role's message that the saga is undone is believed."""
        self.decided = False
        """Whether the initiator has decided about a saga that an operator ended at this role."""
        self.failing: str | None = None
        """Why the session closes."""
        self.left_if_through: Arrived | None = None
        """A message that an operator ended the saga elsewhere. It counts if the pivot turns out to have committed."""
        self.deferred: list[Arrived | Clashed] = []
        """Requests that came while the session was closing, deferred until it goes on."""
        self.draft = Draft()
        self.trace = Trace()

    @property
    def never_began(self) -> bool:
        """Whether it was begun by an abort or a cancel alone, and its worker had done nothing when it was closed. Then
        it is over as a tombstone is, and waits for nobody (`runtime.tombstone`)."""
        acted = self.results or self.row.contacts or self.row.vote == "done"
        return self.closed_idle and not self.is_initiator and self.mailbox.empty and not acted

    def update(self, **changes: Any) -> None:
        """Change the row; the next burst carries it."""
        self.row = msgspec.structs.replace(self.row, **changes)

    def park(self, code: str, text: str, site: str = "") -> saga.StepOutcome:
        """Park the session for an operator, and record that."""
        self.update(parked=Parked(code, text, site))
        self.draft.parked, self.draft.forced = self.row.parked, True
        return saga.StepOutcome.NOTHING

    def result(
        self, site: str, kind: ResultKind, operation: str, arguments: bytes, outcome: str, value: bytes
    ) -> ResultRow:
        return ResultRow(
            session=self.header.session,
            role=self.role,
            site=site,
            kind=kind,
            operation=operation,
            digest=codec.digest(arguments),
            outcome=outcome,
            value=value,
        )

    def remember(self, result: ResultRow) -> None:
        """Take a result that is in the log, or will be. The first for a site counts."""
        if result.kind is ResultKind.FORWARD:
            self.results.setdefault(result.site, result)
        else:
            self.marks.add(result.site)

    def note(self, message: Message) -> None:
        """Record a control message, the first time it arrives."""
        said = {Kind.DONE: self.said_done, Kind.COMPENSATED: self.said_undone}.get(message.kind)
        if said is not None:
            if message.sender in said:
                return
            said[message.sender] = reached_by(self.program.choreography, message)
        self.trace.took((message,))

    def put(self, message: Message) -> bool:
        """Keep a message for the program. False if it was here already, found no room, or contradicts another."""
        if message.kind is Kind.START:
            if self.arguments is not None and self.arguments != message.payload:
                self.park(CLASH, "started twice with different arguments")
                return False
            new, self.arguments = self.arguments is None, message.payload
            self.trace.caused_by(message)
            return new
        wait = self.wait
        awaited = wait is not None and (wait.site, wait.sender) == (message.site, message.sender)
        try:
            return self.mailbox.put(message, wanted=awaited or message.kind is Kind.EVENT)
        except Contradiction as contradiction:
            self.park(CLASH, str(contradiction))
            return False

    def answer(self, event: CallAnswered, outcome: str) -> None:
        """Record a worker's answer as the result of the open call. A fence keeps what it answered for a transaction."""
        call = self.in_doubt() or (self.wait.call if self.wait else None)
        assert call is not None and call.site == event.site
        result = self.result(call.site, ResultKind.FORWARD, call.operation, call.arguments, outcome, event.value)
        self.remember(result)
        self.draft.results.append(result)
        self.asked = None
        if self.program.projection.operations[call.operation].kind == "transaction":
            self.draft.kept_elsewhere = True
        else:
            self.draft.forced = True

    def end_wait(self, world: WaitFor, outcome: str, value: bytes) -> None:
        """Record the end of a wait: the event came, or the time is over. The first of the two makes the result."""
        result = self.result(world.site, ResultKind.FORWARD, world.operation, world.arguments, outcome, value)
        self.remember(result)
        self.draft.results.append(result)
        self.draft.forced = True

    def in_doubt(self) -> CallWorker | None:
        """The forward call whose outcome is unknown, if there is one."""
        return self.wait.call if self.wait is not None and self.asked is not None else None

    @property
    def has_door(self) -> bool:
        """Whether this role's worker has to be closed: only if it may execute transactions."""
        return self.program.projection.transacts

    def new_run(self) -> Run:
        """A run of the program from the top, over what is known. Raises Failed."""
        return self.run_of(self.program)

    def run_of(self, program: RoleProgram) -> Run:
        """The same, for another version of the program."""
        arguments: dict[str, Any] = {}
        try:
            if self.is_initiator:
                arguments = decode_arguments(program, self.arguments or b"{}")
        except PeerError as problem:
            raise Failed(f"{problem.code} {problem.text}") from None
        return Run(program, self.header, self.mailbox, self.results, arguments)

    @property
    def outdated(self) -> bool:
        """Whether an operator chose another version than this object runs: it must be loaded again from the log."""
        return self.row.hosted is not None and self.row.hosted != self.program.choreography.fingerprint

    @property
    def durable_row(self) -> SessionRow:
        """The row as the log keeps it: without the phase CLOSING, which is volatile; its cause is found again after a
        crash."""
        if self.row.phase is not Phase.CLOSING:
            return self.row
        before = Phase.DONE if self.row.vote == "done" else Phase.RUNNING
        return msgspec.structs.replace(self.row, phase=before)

    @property
    def final(self) -> bool:
        return self.row.phase in saga.FINAL
