"""Runs a role's program over the messages and results that are known already: replay.

A run starts from the top. A receive takes its message from the mailbox, a call takes its logged result; where either
is missing the run waits. The same messages and results give the same operations. So a run can be thrown away at any
time (crash, eviction) and made again: that is recovery.

A replay that calls something else at a site than the log has there is a *divergence*: the code changed, or it is not
deterministic. Nothing is guessed: the session is parked with what was logged and what is called now.

Not promised: that a divergence is noticed if the program calls and sends the same as before.
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
    "Replayed over its log, the program made another call, or expected another message, than before. Its code changed "
    "while the session was open, or it is not deterministic.",
    "Deploy the version the session began with, or let an operator resolve the session.",
)
SITE_TOO_LONG = catalogue(
    "ACC209",
    "a place in the program is too long to name",
    "Each step has a site, a name that says where it is in the program. In a choreography that calls itself, the site "
    f"grows with each call. Workers, log and messages accept at most {limits.site_bytes_max} bytes.",
    "Reduce the depth of the recursion, or use a loop: a loop adds one counter, however many iterations it has.",
)


class Diverged(Exception):
    """A replay called or took something else than the log has; the text says what."""


class Failed(Exception):
    """The program cannot go on; `reason` is a text without payload."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Wait(msgspec.Struct, frozen=True):
    """What a run waits for: a message (site, sender), the answer of `call`, or time and events (`world`)."""

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
    """A run under way. `advance` runs it until it waits or ends; `sent` and `consumed` collect its messages."""

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
        self._asking: tuple[Call, bytes] | None = None
        """The call that waits for its answer, and its arguments as they were encoded when it was asked."""
        self._last: Operation | None = None
        self._label: str | None = None
        """The label of the last selection that this role received."""
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
        """Run until the program waits or ends. Returns what it waits for, or None at its end (`result`). Raises Failed,
        Diverged."""
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
        """The call whose answer it waits for, if it waits for one."""
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
        """Whether nothing may fail any more at this place: the pivot has committed, or may have.

        This depends on where the program stands, not on what it has passed: a role may work in parallel with the pivot
        on one path, and on another path do what the pivot waits for.

        - A call or an abort: the saga check has said whether its site comes after the commit point.
        - A local expression: it comes before the pivot if the operation before it does. After a sent message the check
          says so separately, because the pivot may have waited for that message only.
        - A local expression that raised: it also comes before the pivot if the check lists its line in `early_lines`.
          Only that list covers what an iteration of a loop computes after the message of an earlier iteration.
        - A message that cannot be sent: where the check put it, unless the same message went to another role already.
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
        """Whether every message that can begin this role's program comes after the commit point. Its program runs only
        once the first message has arrived, even for what it computes before taking that message."""
        projection = self._program.projection
        after = {point.partition("=")[0] for point in points(projection.sites_after_commit)}
        takes = {site for site, _, _ in projection.receives or ()}
        return self._role != self._program.choreography.initiator and bool(takes) and takes <= after

    @property
    def behind_commit(self) -> bool:
        """Whether it stands at, or just after, a point that comes after the commit point on some path."""
        coming = self._operation
        if isinstance(coming, Branch) and any(self._is_after(chosen_at(coming.site, label)) for label in coming.labels):
            return True
        return any(point is not None and self._stands_after(point) for point in (self._last, coming))

    @property
    def gap(self) -> Gap | None:
        """The place where a value given by hand would let the run go on: a call without a usable reply, or a message of
        the wrong type. None where it stands at anything else: a send, a selection, an expression."""
        match self._operation:
            case Call(site=site, operation=operation) as call:
                offered = self._program.projection.operations[operation]
                if offered.drawn and not waits.is_wait(operation):
                    return None  # the sidecar answers such a call itself, not a worker
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
        """If a local expression failed: the last value that the run read, unless it has sent something since."""
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
        if self._steps > limits.replay_steps_max and not self.past_commit:  # after the commit point it must go on
            raise Failed(f"more than {limits.replay_steps_max} steps in one session")
        try:
            self._operation = self._generator.send(answer)
        except StopIteration as stop:
            self.ended, self.result = True, stop.value
        except codec.EncodeError as problem:
            self._raised = raised_at(problem, self._program.function)
            raise Failed(f"{problem.text} {self._where(problem)}") from None  # the text names places and types only
        except BaseException as problem:
            self._raised = raised_at(problem, self._program.function)
            # the choreography's own code may raise anything; no cancellation is swallowed, since nothing awaits here
            raise Failed(f"{type(problem).__name__} {self._where(problem)}") from None
        if self._operation is not None and len(self._operation.site.encode()) > limits.site_bytes_max:
            raise _too_long(f"the site of a step has {len(self._operation.site)} letters")

    def _where(self, problem: BaseException) -> str:
        """The choreography's line that raised. The exception's text may hold a payload, so it is left out."""
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
        if self._asking is None or self._asking[0] is not call:
            self._asking = call, self._encoded(dict(call.arguments))
        arguments = self._asking[1]
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
        self._asking = None
        self._step(answer)
        return None

    def _seconds(self, call: Call, arguments: bytes) -> float | None:
        """How long a wait's timer runs, from its canonical arguments. Negative time counts as zero; None: no timer."""
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
        """Why an event's value is not of the type that the program waits for, without the value. None if it is."""
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
    """Whether a message may be the same as the last one, for another role. Both have the same site, unless one carries
    a selection."""
    if not isinstance(last, Send | Choose):
        return False
    return last.site == next.site or any(isinstance(one, Choose) and one.rides for one in (last, next))


def _reason(said: object) -> str:
    """Why a program aborts, as bounded text without invisible characters: the program may have computed anything."""
    if not isinstance(said, str):
        return f"aborted; the reason given is no text but a {type(said).__name__}"
    return words(str.__str__(said))


def _too_long(text: str) -> Failed:
    return Failed(f"{text} ({SITE_TOO_LONG})")


def executed_by(begin: Callable[[], Run]) -> tuple[tuple[Executed, ...], Executed | None]:
    """What a worker without a fence has executed: the transactions with a logged answer, and the open one, which it may
    have executed. Such a worker must accept the compensation of a transaction that never ran. Both are empty if no run
    can begin, because the arguments never came or are of the wrong type."""
    run = None
    # where the run stops, and why, does not matter: it has passed every call with a logged answer
    with contextlib.suppress(Failed, Diverged):
        run = begin()
        run.advance()
    return executed_in(run) if run is not None else ((), None)


def executed_in(run: Run) -> tuple[tuple[Executed, ...], Executed | None]:
    """The same, from a run that has gone as far as it can."""
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
