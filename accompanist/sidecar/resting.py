"""Sessions that rest: they wait for time, or for what is told from outside, and are in the log alone meanwhile.

What a driver has to know about them beside their state: which messages are theirs, whether one may be in the log
without anything here remembering it, and the timer of a deadline. A deadline is a timer like others, set with the first
commit of the role that decides about it, and taken away when it was heard.

Not promised: that a deadline is heard to the second. It is found like every timer, and its time is the sidecar's clock
when it was set and the log's from then on.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import structlog

from accompanist import limits
from accompanist.errors import catalogue
from accompanist.language import waits
from accompanist.language.program import RoleProgram
from accompanist.runtime.events import DEADLINE_SITE
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import Memory, TimerRow
from accompanist.runtime.session import Session
from accompanist.sidecar.hosting import Programs

NO_PLACE = catalogue(
    "ACC213",
    "a message that the program has no place for",
    "A message is of a version that is hosted here, and that version never asks for it: it has no such point, or takes "
    "it from another role there, or as another kind. It is ignored, and begins no session.",
    "Compare the versions of Accompanist on both sides, and who may write to this service's inbox.",
)
logger = structlog.get_logger("accompanist.driver")


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


def has_place(message: Message, program: RoleProgram | None) -> bool:
    """Whether a program may come to ask for a message: what it never asks for would lie in its session for ever, and
    may not begin one. Control messages are heard whatever the program is. What has no place is said in the log."""
    if program is None or message.kind not in (Kind.DATA, Kind.CHOICE):
        return True
    if program.projection.takes(message.site, message.sender, message.kind.value):
        return True
    site = message.site[: limits.label_chars_max]
    logger.error("message.refused", code=NO_PLACE, session=str(message.session), sender=message.sender, site=site)
    return False


def placed(memory: Memory, programs: Programs) -> Memory:
    """What is known of a session, without messages that its program has no place for."""
    inbox = tuple(m for m in memory.inbox if has_place(m, programs.program(m.header, m.receiver)))
    return memory if len(inbox) == len(memory.inbox) else msgspec.structs.replace(memory, inbox=inbox)


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
