"""Dormant sessions: those that wait for time or an event, and are in the log only.

Two questions of the driver are answered here: whether a session may be in the log without being known here, and which
timer its deadline needs. A deadline is a timer like others, set with the first commit of the role that handles it, and
removed once it was handled.

Not promised: that a deadline fires to the second. It is found like every timer. Its time comes from the sidecar's clock
when it is set, and runs by the log's clock from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from accompanist import limits
from accompanist.language import waits
from accompanist.runtime.events import DEADLINE_SITE
from accompanist.runtime.messages import Identity, Kind, Message
from accompanist.runtime.ports import TimerRow
from accompanist.runtime.session import Session
from accompanist.sidecar.hosting import Programs


def may_wait_in_the_log(message: Message, programs: Programs) -> bool:
    """Whether the message's session may be dormant in the log: its program has waits, and the message is no start."""
    if message.kind is Kind.START:
        return False
    found = programs.program(message.header, message.receiver)
    return found is not None and any(map(waits.is_wait, found.projection.operations))


def first_of(messages: Iterable[Message], read: Collection[Identity] = ()) -> Message | None:
    """The first message that was not `read` yet and names its choreography, which an event does not."""
    return next((one for one in messages if one.kind is not Kind.EVENT and one.key not in read), None)


def deadline_of(session: Session, clock: Callable[[], float]) -> tuple[TimerRow, ...]:
    """The timer of a session's deadline, the first time it is needed, at a role that handles it."""
    header = session.header
    if header.deadline is None or not session.hears_deadline or DEADLINE_SITE in session.timers:
        return ()
    session.timers.add(DEADLINE_SITE)
    seconds = min(max(0.0, header.deadline - clock()), limits.timer_seconds_max)
    row = TimerRow(session=header.session, role=session.role, site=DEADLINE_SITE, operation="deadline", seconds=seconds)
    return (row,)
