"""One run of a role's program, over what the log and the mailbox already know.

A run starts from the top. A receive takes its message from the mailbox, a call takes its logged result; where either
is missing the run waits there. Running again with the same messages and results yields the same operations, so a run
can be thrown away at any time (crash, eviction) and made anew: that is recovery.

A replay that asks something else than what was logged at the same site is a *divergence*: the code changed, or it is
not deterministic. It is never guessed on; the session is parked with what was logged and what is asked now.

Not promised: that a program that diverges without calling or sending anything different is noticed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import orjson

from accompanist import limits
from accompanist.errors import catalogue
from accompanist.language import waits
from accompanist.language.program.operations import (
    Abort,
    Branch,
    Call,
    Choose,
    Operation,
    Program,
    Receive,
    Send,
    behind,
    chosen_at,
    point_of,
    points,
)
from accompanist.language.program.program import RoleProgram
from accompanist.language.refusal import may_fail
from accompanist.language.values import codec
from accompanist.language.words import Outcome
from accompanist.runtime.burst import CallWorker, WaitFor
from accompanist.runtime.headers import words
from accompanist.runtime.mailbox import Mailbox
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.operate import Gap
from accompanist.runtime.ports import Executed, ResultKind, ResultRow
from accompanist.runtime.raised import raised_at

DIVERGED = catalogue(
    "ACC202",
    "replay diverged",
    "Run again over its log, the program asked for something else than it had asked before. Its code changed under an "
    "open session, or it is not deterministic.",
    "Deploy the version the session began with, or let an operator resolve the session.",
)
SITE_TOO_LONG = catalogue(
    "ACC209",
    "a place in the program is too long to name",
    "Each step has a site, which says where it stands. In a choreography that calls itself it holds the way through "
    f"all the calls, and grows with each. Workers, log and messages take {limits.site_bytes_max} bytes of it.",
    "Let the choreography call itself less deep: a loop adds one counter, however often it turns.",
)


class Diverged(Exception):
    """What was logged and what is asked now, in words."""


class Failed(Exception):
    """The program cannot go on: `reason` in words without payload."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Wait(msgspec.Struct, frozen=True):
    """What the run waits for: a message (site, sender), the answer of `call`, or time and events (`world`)."""

    site: str
    sender: str | None = None
    call: CallWorker | None = None
    world: WaitFor | None = None

    def __str__(self) -> str:
        if self.world is not None:
            return f"{waits.in_words(self.world.operation)} at {self.site}"
        if self.call is not None:
            return f"worker: {self.call.operation} at {self.site}"
        return f"message from {self.sender} at {self.site}"


class Run:
    """A run under way. `advance` goes on until it waits or ends; `sent` and `consumed` gather what it did."""

    def __init__(
        self,
        program: RoleProgram,
        header: Header,
        mailbox: Mailbox,
        results: Mapping[str, ResultRow],
        arguments: Mapping[str, Any],
    ) -> None:
        self._role = program.role
        self._program = program
        self.operations = program.projection.operations
        self._header = header
        self._mailbox = mailbox
        self._results = results
        self._generator: Program = program.start(arguments)
        self._operation: Operation | None = None
        self._last: Operation | None = None
        self._label: str | None = None
        """The one that was selected last, of this role."""
        self._raised: int | None = None
        """The line of the choreography that raised."""
        self._steps = 0
        self.contacts: set[str] = set()
        self.sent: list[Message] = []
        self.consumed: list[Message] = []
        self.executed: list[Executed] = []
        self.committed = False
        """Whether this role's own pivot is through."""
        self.ended = False
        self.result: Any = None

    def advance(self) -> Wait | None:
        """Run on. What it waits for, or None when it has ended (`result`). Raises Failed, Diverged."""
        if self._operation is None and not self.ended:
            self._step(None)
        while self._operation is not None:
            operation = self._operation
            match operation:
                case Call():
                    wait = self._call(operation)
                case Send():
                    wait = self._send(operation.site, operation.to, Kind.DATA, self._encoded(operation.value))
                case Choose():
                    wait = self._send(operation.site, operation.to, Kind.CHOICE, self._selection(operation))
                case Receive():
                    wait = self._receive(operation)
                case Branch():
                    wait = self._branch(operation)
                case Abort():
                    raise Failed(_reason(operation.reason))
            if wait is not None:
                return wait
        return None

    @property
    def asked(self) -> CallWorker | None:
        """The call that it waits for, if it waits for one."""
        call = self._operation
        if not isinstance(call, Call) or call.site in self._results or waits.is_wait(call.operation):
            return None
        try:
            arguments = codec.encode(dict(call.arguments))
        except codec.EncodeError:
            return None  # this was never asked
        return CallWorker(call.site, ResultKind.FORWARD, call.operation, arguments)

    @property
    def past_commit(self) -> bool:
        """Whether what happens now may not fail any more: the pivot is through, or may be.

        Decided at the place where the program stands, never by what it has passed: knowledge comes back. A role may
        take part in something that runs beside the pivot on one path, and on another be asked for what the pivot
        waits for. A call, and an abort, are where the saga check put them. A local expression comes before the pivot
        if what precedes it does; behind a message that was sent the check has put it apart, since the pivot may have
        been waiting for nothing else. One that has raised comes before it, too, if the check has found that of its
        line: of what a turn of a loop computes behind the message of an earlier one, nothing else says so. A message
        that cannot be sent is where the check put it, unless another role has been sent the same.
        """
        if self.committed:
            return True
        if isinstance(self._operation, Call | Abort):
            return self._stands_after(self._operation)
        if self._raised in self._program.projection.early_lines:
            return False
        if isinstance(self._operation, Send | Choose) and not _may_go_on(self._last, self._operation):
            return self._stands_after(self._operation)
        if self._last is None:
            return self._begins_after()
        return self._stands_after(self._last) or self._computes_after(self._last)

    def _begins_after(self) -> bool:
        """Whether it can only have begun with what comes after the commit point. What it computes before it takes its
        first message is computed when that has come."""
        projection = self._program.projection
        after = {point.partition("=")[0] for point in points(projection.sites_after_commit)}
        takes = {site for site, _, _ in projection.receives or ()}
        return self._role != self._program.choreography.initiator and bool(takes) and takes <= after

    @property
    def behind_commit(self) -> bool:
        """Whether it stands at, or has just passed, a point that comes after the commit point on some path."""
        coming = self._operation
        if isinstance(coming, Branch) and any(self._is_after(chosen_at(coming.site, label)) for label in coming.labels):
            return True
        return any(point is not None and self._stands_after(point) for point in (self._last, coming))

    @property
    def gap(self) -> Gap | None:
        """Where the run stands and a value by hand would let it go on: a call without a reply that it can take, or a
        message that does not fit. None where it stands at anything else: what was sent, a selection, an expression."""
        match self._operation:
            case Call(site=site, operation=operation) as call:
                offered = self._program.projection.operations[operation]
                if offered.drawn and not waits.is_wait(operation):
                    return None  # the sidecar answers it
                try:
                    arguments = codec.encode(dict(call.arguments))
                except codec.EncodeError:
                    return None
                logged = self._results.get(site)
                same = logged is None or (logged.operation, logged.digest) == (operation, codec.digest(arguments))
                return Gap(site, operation, arguments, call.returns) if same else None
            case Receive(site=site, sender=sender, type=type):
                message = self._mailbox.get(site, sender)
                there = message is not None and message.kind is Kind.DATA
                return Gap(site, "", b"{}", type) if there else None
            case _:
                return None

    @property
    def given_last(self) -> Gap | None:
        """Of a run that an expression has ended: what it was given last, if nothing has left since."""
        match self._last if self._operation is None else None:
            case Call(site=site, operation=operation, arguments=arguments, returns=type):
                return Gap(site, operation, codec.encode(dict(arguments)), type)
            case Receive(site=site, type=type):
                return Gap(site, "", b"{}", type)
            case _:
                return None

    def _stands_after(self, operation: Operation) -> bool:
        match operation:
            case Choose(site=site, label=label):
                return self._is_after(chosen_at(site, label))
            case Branch(site=site):
                return self._label is not None and self._is_after(chosen_at(site, self._label))
            case _:
                return self._is_after(operation.site)

    def _computes_after(self, sent: Operation) -> bool:
        match sent:
            case Send(site=site):
                return self._is_after(behind(site))
            case Choose(site=site, label=label):
                return self._is_after(behind(chosen_at(site, label)))
        return False

    def _is_after(self, site: str) -> bool:
        return point_of(site) in self._program.projection.sites_after_commit

    def _step(self, answer: Any) -> None:
        """Send the generator its answer and take its next operation."""
        self._steps += 1
        self._last, self._operation = self._operation or self._last, None
        if self._steps > limits.replay_steps_max and not self.past_commit:  # there nothing would be undone for it
            raise Failed(f"more than {limits.replay_steps_max} steps in one session")
        try:
            self._operation = self._generator.send(answer)
        except StopIteration as stop:
            self.ended, self.result = True, stop.value
        except codec.EncodeError as problem:
            self._raised = raised_at(problem, self._program.function)
            raise Failed(f"{problem.text} {self._where(problem)}") from None  # it tells places and types, no contents
        except BaseException as problem:
            self._raised = raised_at(problem, self._program.function)
            # the choreography's own code, whatever it raises; a cancellation comes where something waits, not here
            raise Failed(f"{type(problem).__name__} {self._where(problem)}") from None
        if self._operation is not None and len(self._operation.site.encode()) > limits.site_bytes_max:
            raise _too_long(f"the site of a step has {len(self._operation.site)} letters")

    def _where(self, problem: BaseException) -> str:
        """The choreography's line that raised; the text of the exception may hold a payload and is left out."""
        file = self._program.choreography.file
        trace, line = problem.__traceback__, 0
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == file:
                line = trace.tb_lineno
            trace = trace.tb_next
        return f"in a local expression at {file}:{line}" if line else "in a local expression"

    def _encoded(self, value: Any) -> bytes:
        try:
            return codec.encode(value)
        except codec.EncodeError as problem:
            raise Failed(f"{problem.text} {self._standing()}".rstrip()) from None

    def _standing(self) -> str:
        """The choreography's line at which the program waits for what it has asked."""
        asked: object = self._generator
        while (inner := getattr(asked, "gi_yieldfrom", None)) is not None:
            asked = inner  # a procedure of its own
        frame = getattr(asked, "gi_frame", None)
        file = self._program.choreography.file
        return f"at {file}:{frame.f_lineno}" if frame is not None and frame.f_code.co_filename == file else ""

    def _decoded(self, data: bytes, type: Any, what: str) -> Any:
        try:
            return codec.decode(data, type)
        except codec.DecodeError as problem:
            raise Failed(f"{what}: {problem.text}") from None

    def _call(self, call: Call) -> Wait | None:
        arguments = self._encoded(dict(call.arguments))
        operation = self._program.projection.operations[call.operation]
        logged = self._results.get(call.site)
        if logged is None and waits.is_wait(call.operation):
            return Wait(call.site, world=WaitFor(call.site, call.operation, arguments, self._seconds(call, arguments)))
        if logged is None:
            endless = operation.retriable or self.past_commit
            firm = not operation.may_decline or (self.past_commit and may_fail(operation, call.attempt))
            asked = CallWorker(call.site, ResultKind.FORWARD, call.operation, arguments, endless, firm)
            return Wait(call.site, call=asked)
        if logged.operation != call.operation or logged.digest != codec.digest(arguments):
            raise Diverged(
                f"at site {call.site} the log has {logged.operation} with arguments {logged.digest.hex()}, "
                f"now it is {call.operation} with {codec.digest(arguments).hex()}"
            )
        answer: Any
        if logged.outcome == "declined":
            reason = self._decoded(logged.value, str, f"the reason {call.operation} was declined")
            if not call.attempt:
                raise Failed(reason)
            answer = Outcome(ok=False, value=None, reason=reason)
        else:
            answer = self._decoded(logged.value, call.returns, f"the reply of {call.operation}")
            self.committed = self.committed or operation.pivot
            if operation.kind == "transaction":
                self.executed.append(Executed(call.site, call.operation, arguments))
            if call.attempt:
                answer = Outcome(ok=True, value=answer)
        self._step(answer)
        return None

    def _seconds(self, call: Call, arguments: bytes) -> float | None:
        """How long a wait's timer runs, as its canonical arguments say. Time that is over, or less than none, is over
        at once."""
        if not waits.is_timed(call.operation):
            return None
        seconds = orjson.loads(arguments)["seconds"]
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise Failed(f"what {call.operation} waits for at {call.site} is no number of seconds")
        if not seconds <= limits.timer_seconds_max:
            told = f"a timer at {call.site} runs longer than {limits.timer_seconds_max:.0f} seconds"
            raise Failed(f"{told} {self._standing()}".rstrip())
        return max(0.0, float(seconds))

    def misfit(self, told: bytes) -> str | None:
        """Why an event that was told cannot be what the program waits for, without what it says."""
        assert isinstance(self._operation, Call)
        try:
            codec.decode_exactly(told, self._operation.returns)
        except codec.DecodeError as problem:
            return problem.text
        return None

    def _send(self, site: str, to: str, kind: Kind, payload: bytes) -> Wait | None:
        if len(payload) > limits.payload_bytes_max:
            raise Failed(
                f"what goes to {to} at {site} takes {len(payload)} bytes, the limit is {limits.payload_bytes_max}"
            )
        if sum(len(part.encode()) for part in (site, self._role, to, kind)) > limits.message_key_bytes_max:
            raise _too_long(f"the site of a step and the roles {self._role} and {to} are too long together")
        self.contacts.add(to)
        self.sent.append(
            Message(header=self._header, kind=kind, site=site, sender=self._role, receiver=to, payload=payload)
        )
        self._step(None)
        return None

    def _selection(self, choice: Choose) -> bytes:
        label = orjson.dumps(choice.label)
        return b"[" + label + (b"," + self._encoded(choice.value) if choice.rides else b"") + b"]"

    def _receive(self, receive: Receive) -> Wait | None:
        message = self._mailbox.get(receive.site, receive.sender)
        if message is None:
            return Wait(receive.site, receive.sender)
        if message.kind is not Kind.DATA:
            raise Diverged(f"at site {receive.site} a value was due and a selection came")
        by_hand = self._results.get(receive.site)
        payload = message.payload if by_hand is None else by_hand.value
        self.consumed.append(message)
        self._mailbox.take(message)
        self._step(self._decoded(payload, receive.type, f"what {receive.sender} sent at {receive.site}"))
        return None

    def _branch(self, branch: Branch) -> Wait | None:
        message = self._mailbox.get(branch.site, branch.sender)
        if message is None:
            return Wait(branch.site, branch.sender)
        what = f"the selection of {branch.sender} at {branch.site}"
        parts = self._decoded(message.payload, list[msgspec.Raw], what)
        label = self._decoded(bytes(parts[0]), str, what) if parts else None
        if message.kind is not Kind.CHOICE or label is None or label not in branch.labels:
            raise Diverged(f"{what} is none of {', '.join(sorted(branch.labels))}")
        type = branch.labels[label]
        value = None
        if type is not None:
            if len(parts) != 2:
                raise Diverged(f"{what} should carry a value and does not")
            value = self._decoded(bytes(parts[1]), type, what)
        self.consumed.append(message)
        self._mailbox.take(message)
        self._label = label
        self._step((label, value))
        return None


def _may_go_on(last: Operation | None, next: Send | Choose) -> bool:
    """Whether a message may be the one that was sent last, to a further role. They have one site, but where a selection
    rides on one of them."""
    if not isinstance(last, Send | Choose):
        return False
    return last.site == next.site or any(isinstance(one, Choose) and one.rides for one in (last, next))


def _reason(said: object) -> str:
    """Why a program aborts, in words that every log holds: it may have computed anything."""
    if not isinstance(said, str):
        return f"aborted; the reason given is no text but a {type(said).__name__}"
    return words(str.__str__(said))


def _too_long(text: str) -> Failed:
    return Failed(f"{text} ({SITE_TOO_LONG})")


def executed_by(begin: Callable[[], Run]) -> tuple[tuple[Executed, ...], Executed | None]:
    """What a worker without a fence has executed: the transactions that a run over the log finds answered, and the one
    that it comes to ask for, which may have been asked for. Such a worker has to take the compensation of what never
    ran as done. Nothing, where no run can begin: the arguments never came, or do not fit."""
    run = None
    # where the run stops, and why, does not matter: it has passed everything that was answered
    with contextlib.suppress(Failed, Diverged):
        run = begin()
        run.advance()
    return executed_in(run) if run is not None else ((), None)


def executed_in(run: Run) -> tuple[tuple[Executed, ...], Executed | None]:
    """The same of a run that has come as far as it can."""
    asked = run.asked
    doubtful = None
    if asked is not None and run.operations[asked.operation].kind == "transaction":
        doubtful = Executed(asked.site, asked.operation, asked.arguments)
    return tuple(run.executed), doubtful


def decode_arguments(
    program: RoleProgram, payload: bytes, decode: Callable[[bytes, Any], Any] = codec.decode
) -> dict[str, Any]:
    """The initiator's arguments by name, checked against the choreography. Raises codec.DecodeError."""
    given = codec.decode(payload, dict[str, msgspec.Raw])
    expected = program.parameter_types
    missing, unknown = expected.keys() - given.keys(), given.keys() - expected.keys()
    if missing or unknown:
        named = {"missing": missing, "unknown": unknown}
        told = "; ".join(f"{what}: {', '.join(sorted(names))}" for what, names in named.items() if names)
        raise codec.DecodeError(codec.MISFIT, told, f"expected {', '.join(expected)}" if unknown else "")
    arguments = {}
    for name, type in expected.items():
        try:
            arguments[name] = decode(bytes(given[name]), type)
        except codec.DecodeError as problem:
            raise codec.DecodeError(problem.code, f"{name}: {problem.text}", problem.hint) from None
    return arguments
