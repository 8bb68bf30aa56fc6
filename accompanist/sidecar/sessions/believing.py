"""Drops forged messages between the inbox and the sessions.

The log knows which service wrote a row, and refuses what can be refused without a program. Everything else is checked
here, each time a message is taken or loaded, so that a message that was dropped is dropped again after a restart:

    sender  the service that wrote the message plays the role it names as its sender (`messages.spoken_by`), by the
            bindings of the session's own header
    header  is the session's own; if there is no session yet, it is one that this service would use itself: a hosted
            version, with its bindings and its initiator
    kind    that role may send this kind, at this site, to this role (`runtime.authority`)

A dropped message is logged and counted each time, without its payload. It parks no session. A row that a peer wrote in
another's name is deleted. Any other row stays in the inbox until the session is collected, and `sessions show` names
the service that wrote it.

Not promised: a log line for each dropped message. Per speaker and kind there is one line in `limits.refusal_told_s`,
with the number of messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import msgspec
import structlog

from accompanist import limits
from accompanist.errors import catalogue
from accompanist.language.program.program import RoleProgram
from accompanist.runtime import authority
from accompanist.runtime.beginning import begins
from accompanist.runtime.messages import Header, Kind, Message, spoken_by
from accompanist.runtime.ports import InboxEntry, Memory
from accompanist.runtime.session import Session
from accompanist.sidecar.hosting import Programs

NO_PLACE = catalogue(
    "ACC213",
    "a message that the program has no place for",
    "A message does not fit the program of its version: the program has no such site, or takes it there from another "
    "role, or as another kind. It is ignored, and begins no session.",
    "Compare the versions of Accompanist on both sides, and who may write to this service's inbox.",
)
NOT_ITS_WORD = catalogue(
    "ACC218",
    "a message from a service that may not say it",
    "A message was written by a service that does not play the role it names as its sender. Or that role may not send "
    "this kind to this one: only the initiator settles a saga, for instance, and only a service's own operators may "
    "give it orders. Or its header is not the session's. It is ignored, and begins no session.",
    "The log line names the service that wrote it. If that service has no faulty new release, treat its login or token "
    "as stolen: replace it, and check what `accompanist sessions show ID` has from it.",
)
logger = structlog.get_logger("accompanist.driver")


def believable(message: Message, header: Header, service: str, program: RoleProgram | None) -> bool:
    """Whether a message may be given to the session with this `header`, at a role of `service` that runs `program`. The
    caller has checked that its writer plays its sender. An event may come before its session is known, so its header
    names only the service that plays its role, which must be this one. Without a hosted program, `runtime.authority` is
    not checked yet."""
    if message.kind is Kind.EVENT:
        ours = message.header.bindings == {message.receiver: service}
    else:
        ours = header.bindings.get(message.receiver) == service and authority.alike(message.header, header)
    return ours and (program is None or authority.allows(program, message))


class Belief:
    """Checks the messages of one sidecar. `refused` counts dropped ones by speaker and kind; `clock` is monotonic."""

    def __init__(
        self,
        service: str,
        programs: Programs,
        refused: Callable[[str, str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._programs = programs
        self._refused = refused
        self._clock = clock
        self._told: dict[tuple[str, Kind], tuple[float, int]] = {}
        """By speaker and kind: when a line was logged last, and how many messages were dropped since."""

    def spoken(self, taken: InboxEntry) -> bool:
        """Whether a taken message is for a role of this service and was written by the service that plays its
        sender."""
        message = taken.message
        ours = message.header.bindings.get(message.receiver) == self._service
        said = ours and spoken_by(message, taken.sender_service)
        return said or self._refuse(message, taken.sender_service, NOT_ITS_WORD)

    def told(self, message: Message) -> bool:
        """Whether a message may be given to a session that is not in memory, as far as can be decided without it. Once
        the session is loaded, its messages are checked again."""
        program = self._programs.program(message.header, message.receiver)
        return believable(message, message.header, self._service, program) or self._refuse(message)

    def heard_by(self, session: Session, message: Message) -> bool:
        """Whether a session in memory may be given a message. A start that is repeated after a deployment names the
        newer version: it is ignored, but does not count as forged."""
        if message.kind is Kind.START and not authority.alike(message.header, session.header):
            return False
        return believable(message, session.header, self._service, session.program) or self._refuse(message)

    def beginning(self, message: Message) -> RoleProgram | None:
        """The program that a message begins here, if it begins one."""
        program = self._programs.program(message.header, message.receiver)
        if program is None or not begins(message, program.choreography):
            return None
        if not (authority.heads(message.header, program.choreography) and self._programs.bound_as(message.header)):
            self._refuse(message, code=NOT_ITS_WORD)
            return None
        return program if self.told(message) else None

    def heading(self, messages: Iterable[Message]) -> Header | None:
        """The header of the session that these messages begin, if one does; the session has no row yet."""
        return next((message.header for message in messages if self.beginning(message) is not None), None)

    def inbox(self, memory: Memory, header: Header, program: RoleProgram | None) -> Memory:
        """What the log has of a session, without the messages that it may not be given."""
        inbox = tuple(
            message
            for message in memory.inbox
            if believable(message, header, self._service, program) or self._refuse(message)
        )
        return memory if len(inbox) == len(memory.inbox) else msgspec.structs.replace(memory, inbox=inbox)

    def _refuse(self, message: Message, speaker: str = "", code: str = "") -> bool:
        """Log and count a dropped message; always False. Without a `speaker` it was loaded from the log, which leaves
        out messages that another service wrote than the one in its header."""
        speaker = speaker or message.header.bindings.get(message.sender or message.receiver, "")
        self._refused(speaker, message.kind.value)
        of_the_program = message.kind in (Kind.DATA, Kind.CHOICE)
        self._tell(message, speaker, code or (NO_PLACE if of_the_program else NOT_ITS_WORD))
        return False

    def _tell(self, message: Message, speaker: str, code: str) -> None:
        now = self._clock()
        at, untold = self._told.get((speaker, message.kind), (-limits.refusal_told_s, 0))
        if now - at < limits.refusal_told_s:
            self._told[speaker, message.kind] = (at, untold + 1)
            return
        self._told[speaker, message.kind] = (now, 0)
        logger.error(
            "message.refused",
            code=code,
            session=str(message.session),
            speaker=speaker,
            sender=message.sender[: limits.label_chars_max],
            kind=message.kind.value,
            site=message.site[: limits.label_chars_max],
            untold=untold,
        )
