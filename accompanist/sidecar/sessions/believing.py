"""Which messages a sidecar believes: the border between what lies in the inbox and what a session is told.

The log knows which service wrote a row, and refuses what can be refused without a program. Everything else is decided
here, each time a message is taken or read again, so that a row which was not believed is not believed after a restart:

    who     the service that speaks plays the role that the message says it is from (`messages.spoken_by`), by the
            bindings of the session's own header
    header  is the session's own; where there is no session yet, one that this service would begin itself: a version
            that is hosted, with its bindings and its initiator
    what    that role may say it, there and to this role (`runtime.authority`)

What is not believed is told of in the log of the process and counted, each time it is taken or read, without what it
says. It stops no session. What a peer wrote in another's name goes from the log. Any other row stays in the inbox until
the session is collected, where `sessions show` names the service that wrote it.

Not promised: that each message that is refused has a line of its own. A speaker who says much that is not believed has
one line for each kind in `limits.refusal_told_s`, with how many there were.
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
from accompanist.runtime.ports import Memory, Taken
from accompanist.runtime.session import Session
from accompanist.sidecar.hosting import Programs

NO_PLACE = catalogue(
    "ACC213",
    "a message that the program has no place for",
    "A message is of a version that is hosted here, and that version never asks for it: it has no such point, or takes "
    "it from another role there, or as another kind. It is ignored, and begins no session.",
    "Compare the versions of Accompanist on both sides, and who may write to this service's inbox.",
)
NOT_ITS_WORD = catalogue(
    "ACC218",
    "a message from a service that may not say it",
    "A message was written by a service that does not play the role it names as its sender, or that role may not say "
    "such a thing to this one: only the initiator settles a saga, for instance, and only a service's own operators may "
    "give it orders. Or its header is not that of the session. It is ignored, and begins no session.",
    "The line names the service that wrote it. If it is no mistake of a new release there, treat that service's login "
    "or token as stolen: give it another, and look at what `accompanist sessions show ID` has from it.",
)
logger = structlog.get_logger("accompanist.driver")


def believable(message: Message, header: Header, service: str, program: RoleProgram | None) -> bool:
    """Whether a message may be told to the session that `header` is of, at a role of `service` that runs `program`,
    given that the service which wrote it plays its sender by its own header. An event may come before anything is
    known of its session, so it names only the service that plays its role, which has to be this one. A program that is
    not hosted decides nothing yet."""
    if message.kind is Kind.EVENT:
        ours = message.header.bindings == {message.receiver: service}
    else:
        ours = header.bindings.get(message.receiver) == service and authority.alike(message.header, header)
    return ours and (program is None or authority.allows(program, message))


class Belief:
    """What one sidecar believes. `refused` counts, by the speaker and the kind; `clock` gives seconds that never go
    back."""

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
        """By speaker and kind: when it was told of last, and how many were not told of since."""

    def spoken(self, taken: Taken) -> bool:
        """Whether a message that was taken is for a role of ours, by who plays its sender."""
        message = taken.message
        ours = message.header.bindings.get(message.receiver) == self._service
        said = ours and spoken_by(message, taken.sender_service)
        return said or self._refuse(message, taken.sender_service, NOT_ITS_WORD)

    def told(self, message: Message) -> bool:
        """Whether a message may be told to a session that is not in memory, as far as that can be decided without it:
        once it is read from the log, its messages are looked at again."""
        program = self._programs.program(message.header, message.receiver)
        return believable(message, message.header, self._service, program) or self._refuse(message)

    def heard_by(self, session: Session, message: Message) -> bool:
        """Whether a session in memory may be told of a message. A start that its client repeats after a deployment
        names the later version: the session has begun with the first one, and this is no lie."""
        if message.kind is Kind.START and not authority.alike(message.header, session.header):
            return False
        return believable(message, session.header, self._service, session.program) or self._refuse(message)

    def beginning(self, message: Message) -> RoleProgram | None:
        """The program that a message begins here, if it does."""
        program = self._programs.program(message.header, message.receiver)
        if program is None or not begins(message, program.choreography):
            return None
        if not (authority.heads(message.header, program.choreography) and self._programs.bound_as(message.header)):
            self._refuse(message, code=NOT_ITS_WORD)
            return None
        return program if self.told(message) else None

    def heading(self, messages: Iterable[Message]) -> Header | None:
        """The header of the session that some of these messages begin, which has no row yet."""
        return next((message.header for message in messages if self.beginning(message) is not None), None)

    def inbox(self, memory: Memory, header: Header, program: RoleProgram | None) -> Memory:
        """What is known of a session, with the messages alone that it may be told of."""
        inbox = tuple(
            message
            for message in memory.inbox
            if believable(message, header, self._service, program) or self._refuse(message)
        )
        return memory if len(inbox) == len(memory.inbox) else msgspec.structs.replace(memory, inbox=inbox)

    def _refuse(self, message: Message, speaker: str = "", code: str = "") -> bool:
        """Never true. Without a `speaker` the message was read from the log, which leaves out what others wrote than
        the service that its header names."""
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
