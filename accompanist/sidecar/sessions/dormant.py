"""Sessions that rest: they wait for time, or for what is told from outside, and are in the log alone meanwhile.

What a driver has to know about them beside their state: whether one may be in the log without anything here remembering
it, and the timer of a deadline. A deadline is a timer like others, set with the first commit of the role that decides
about it, and taken away when it was heard.

Not promised: that a deadline is heard to the second. It is found like every timer, and its time is the sidecar's clock
when it was set and the log's from then on.
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
    """Whether a session that is not in memory may have left it to wait: its program waits, and it had begun."""
    if message.kind is Kind.START:
        return False
    found = programs.program(message.header, message.receiver)
    return found is not None and any(map(waits.is_wait, found.projection.operations))


def first_of(messages: Iterable[Message], read: Collection[Identity] = ()) -> Message | None:
    """A message that says what its session is of, if it was not `read`: an event does not."""
    return next((one for one in messages if one.kind is not Kind.EVENT and one.key not in read), None)


def deadline_of(session: Session, clock: Callable[[], float]) -> tuple[TimerRow, ...]:
    """The timer of a session's deadline, once, at a role that decides about it."""
    header = session.header
    if header.deadline is None or not session.hears_deadline or DEADLINE_SITE in session.timers:
        return ()
    session.timers.add(DEADLINE_SITE)
    seconds = min(max(0.0, header.deadline - clock()), limits.timer_seconds_max)
    row = TimerRow(session=header.session, role=session.role, site=DEADLINE_SITE, operation="deadline", seconds=seconds)
    return (row,)
