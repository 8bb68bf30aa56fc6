"""What the core decided: everything between two points at which it has to wait.

A burst is carried out in two halves. First its records (`row`, `results`, `timers`) and `messages` become one commit;
then, and only then, its `calls` leave (Rule 0, the plain form). `forced` is the seam at which the plain form can be
relaxed: a burst that is not forced holds nothing but what can be computed again from what is already stable (a session
row that only caches the inbox), so its calls may leave at once and its row may ride with the next commit.
"""

from __future__ import annotations

import msgspec

from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Parked, ResultKind, ResultRow, SessionRow, TimerRow


class CallWorker(msgspec.Struct, frozen=True):
    """Ask this role's worker. `arguments`: canonical JSON object. `endless`: no budget of attempts. `firm`: it may not
    be declined: a worker that does so is at fault, and is asked again."""

    site: str
    kind: ResultKind
    operation: str
    arguments: bytes
    endless: bool = False
    firm: bool = False


class CloseWorker(msgspec.Struct, frozen=True):
    """Close the session at this role's worker, `unless` the fence holds a reply for that site. Answered is what was
    executed last; `before` a site: what was executed before it (`runtime.undoing`)."""

    unless: str | None = None
    before: str | None = None


class WaitFor(msgspec.Struct, frozen=True):
    """What nobody is asked for: time, an event from outside, or the first of the two (`language.waits`). `arguments`:
    canonical JSON, as of a call. `seconds`: of its timer, if it has one."""

    site: str
    operation: str
    arguments: bytes
    seconds: float | None = None


class Burst(msgspec.Struct, frozen=True):
    """`consumed`: messages that the program took in this burst, for the first time (for telemetry, not in replay).
    `ended`: the role reached its last phase. `parked`: it stopped for an operator in this burst. `timers`: what is set
    in this commit, so that a crash does not begin the wait anew."""

    row: SessionRow
    results: tuple[ResultRow, ...] = ()
    messages: tuple[Message, ...] = ()
    calls: tuple[CallWorker | CloseWorker, ...] = ()
    consumed: tuple[Message, ...] = ()
    forced: bool = False
    ended: bool = False
    parked: Parked | None = None
    timers: tuple[TimerRow, ...] = ()


class Draft:
    """A burst in the making: the lists that the core's actions add to."""

    def __init__(self) -> None:
        self.results: list[ResultRow] = []
        self.messages: list[Message] = []
        self.calls: list[CallWorker | CloseWorker] = []
        self.consumed: list[Message] = []
        self.timers: list[TimerRow] = []
        self.forced = False
        self.parked: Parked | None = None

    def seal(self, row: SessionRow, *, ended: bool) -> Burst:
        return Burst(
            row=row,
            results=tuple(self.results),
            messages=tuple(self.messages),
            calls=tuple(self.calls),
            consumed=tuple(self.consumed),
            forced=self.forced,
            ended=ended,
            parked=self.parked,
            timers=tuple(self.timers),
        )
