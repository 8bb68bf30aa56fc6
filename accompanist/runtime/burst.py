"""A burst: everything the core decided between two points at which it has to wait.

A burst is carried out in two halves. First its records (`row`, `results`, `timers`) and `messages` become one commit.
Only then do its `calls` leave (Rule 0). A burst that is not `forced` is the exception: it holds only what can be
computed again from what is stable already (a session row that caches the inbox). So its calls may leave at once, and
its row may be written with the next commit.
"""

from __future__ import annotations

import msgspec

from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Parked, ResultKind, ResultRow, SessionRow, TimerRow


class CallWorker(msgspec.Struct, frozen=True):
    """A call to this role's worker. `arguments`: a canonical JSON object. `endless`: no retry budget. `firm`: the
    worker may not decline; a decline counts as a fault, and the call is retried."""

    site: str
    kind: ResultKind
    operation: str
    arguments: bytes
    endless: bool = False
    firm: bool = False


class CloseWorker(msgspec.Struct, frozen=True):
    """Close the session at this role's worker, `unless` the fence holds a reply for that site. The answer lists what
    was executed last, or, with `before`, what was executed before that site (`runtime.compensation_pages`)."""

    unless: str | None = None
    before: str | None = None


class WaitFor(msgspec.Struct, frozen=True):
    """A wait that no worker answers: for time, for an event from outside, or for the first of the two
    (`language.waits`). `arguments`: canonical JSON, as in a call. `seconds`: of its timer, if it has one."""

    site: str
    operation: str
    arguments: bytes
    seconds: float | None = None


class Burst(msgspec.Struct, frozen=True):
    """What the core decided until it has to wait; written as one commit.

    `consumed`: messages that the program took in this burst for the first time (for telemetry; `runtime.trace`).
    `forced`: it holds something that has to be stable before it is released. `early`: where the worker has a fence, the
    burst may be released before the log has it, or has what it depends on: others keep all of that. `ahead`: so many
    of its messages, the first, may be, even if the rest has to wait (`sidecar.sessions.early`).
    `ended`: the role reached its last phase. `parked`: it stopped for an operator in this burst. `timers`: timers set
    in this commit, so that a crash does not restart the wait."""

    row: SessionRow
    results: tuple[ResultRow, ...] = ()
    messages: tuple[Message, ...] = ()
    calls: tuple[CallWorker | CloseWorker, ...] = ()
    consumed: tuple[Message, ...] = ()
    forced: bool = False
    early: bool = False
    ahead: int = 0
    ended: bool = False
    parked: Parked | None = None
    timers: tuple[TimerRow, ...] = ()


class Draft:
    """A burst in the making: the lists that the core's actions add to."""

    def __init__(self) -> None:
        self.results: list[ResultRow] = []
        self.messages: list[Message] = []
        self.calls: list[CallWorker | CloseWorker] = []
        self.timers: list[TimerRow] = []
        self.forced = False
        """Whether it holds a record that nobody else keeps."""
        self.kept_elsewhere = False
        """Whether it holds a record that a fence keeps, too, or a message that follows from what others keep."""
        self.ahead = 0
        """How many of the messages follow only from what others keep."""
        self.calls_pivot = False
        """Whether it calls the pivot. The log has to know that before: a session that forgot it would grant a
        cancel."""
        self.parked: Parked | None = None

    def seal(self, row: SessionRow, consumed: tuple[Message, ...], *, ended: bool) -> Burst:
        early = not self.forced and not self.calls_pivot
        return Burst(
            row=row,
            results=tuple(self.results),
            messages=tuple(self.messages),
            calls=tuple(self.calls),
            consumed=consumed,
            forced=self.forced or self.kept_elsewhere,
            early=early,
            ahead=len(self.messages) if early else self.ahead,
            ended=ended,
            parked=self.parked,
            timers=tuple(self.timers),
        )
