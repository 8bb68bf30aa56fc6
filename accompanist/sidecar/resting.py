"""Sessions that rest: they wait for time, or for what is told from outside, and are in the log alone meanwhile.

What a driver has to know about them beside their state: which messages are theirs, whether one may be in the log
without anything here remembering it, and the timer of a deadline. A deadline is a timer like others, set with the first
commit of the role that decides about it, and taken away when it was heard.

Not promised: that a deadline is heard to the second. It is found like every timer, and its time is the sidecar's clock
when it was set and the log's from then on.
"""

from __future__ import annotations

from collections.abc import Callable

from accompanist import limits
from accompanist.language import waits
from accompanist.runtime.events import DEADLINE_SITE
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import TimerRow
from accompanist.runtime.session import Session
from accompanist.sidecar.hosting import Programs


def may_wait_in_the_log(message: Message, programs: Programs) -> bool:
    """Whether a session that is not in memory may have left it to wait: its program waits, and it had begun."""
    if message.kind is Kind.START:
        return False
    found = programs.program(message.header, message.receiver)
    return found is not None and any(map(waits.is_wait, found.projection.operations))


def belongs(message: Message, header: Header, service: str) -> bool:
    """Whether a message is one of the session that `header` is of. An event may have been told before anything was
    known of it, so it names only the service that plays its role, which has to be `service`, this one."""
    if message.kind is Kind.EVENT:
        return message.header.bindings == {message.receiver: service}
    return message.header == header


def first_of(messages: tuple[Message, ...]) -> Message | None:
    """A message that says what its session is of: an event does not."""
    return next((message for message in messages if message.kind is not Kind.EVENT), None)


def deadline_of(session: Session, clock: Callable[[], float]) -> tuple[TimerRow, ...]:
    """The timer of a session's deadline, once, at a role that decides about it."""
    header = session.header
    if header.deadline is None or not session.hears_deadline or DEADLINE_SITE in session.timers:
        return ()
    session.timers.add(DEADLINE_SITE)
    seconds = min(max(0.0, header.deadline - clock()), limits.timer_seconds_max)
    row = TimerRow(session=header.session, role=session.role, site=DEADLINE_SITE, operation="deadline", seconds=seconds)
    return (row,)
