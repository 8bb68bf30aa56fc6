"""The events of the session core: everything that can happen to a session.

Their names are the rows of the events table in docs/protocol.md. A message is named by its kind. A worker's answer is
named by what it means. A forward call: replied, declined, exhausted (its retry budget is spent and its outcome
unknown), shut (the fence is closed) or reused (the key was used with other arguments). A compensation: undid or stuck.
A close: closed, held, or unended (the worker has no fence, and a call of the session is still under way after the
longest wait). From outside come a timer that fired, and an event, which is a message. The rest is the recovery of the
session itself: it is loaded from the log, and then has caught up with its inbox.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Delivery, Executed


class Name(StrEnum):
    START = "start"
    DATA = "data"
    CHOICE = "choice"
    ABORT = "abort"
    COMPENSATED = "compensated"
    CANCEL = "cancel"
    DONE = "done"
    SETTLED = "settled"
    ENDED = "ended"
    OPERATOR = "operator"
    EVENT = "event"
    REPLIED = "replied"
    DECLINED = "declined"
    EXHAUSTED = "exhausted"
    SHUT = "shut"
    REUSED = "reused"
    UNDID = "undid"
    STUCK = "stuck"
    CLOSED = "closed"
    HELD = "held"
    UNENDED = "unended"
    DEADLINE = "deadline"
    CLASHED = "clashed"
    FIRED = "fired"
    LOADED = "loaded"
    CAUGHT_UP = "caught_up"


_NAMES = {kind: Name(kind.value) for kind in Kind}


class Arrived(msgspec.Struct, frozen=True):
    """A message arrived and is stable in the inbox."""

    message: Message

    @property
    def name(self) -> Name:
        return _NAMES[self.message.kind]


class CallAnswered(msgspec.Struct, frozen=True):
    """A forward call ended. `value`: the reply's JSON bytes, or why it failed, as text."""

    site: str
    name: Name
    value: bytes = b"null"


class Undid(msgspec.Struct, frozen=True):
    """A compensation ended: undid, or stuck, with `text` for people."""

    site: str
    name: Name
    text: str = ""


class CloseAnswered(msgspec.Struct, frozen=True):
    """The worker answered a close: closed or held.

    `closed` lists what was executed, in commit order; None from a worker without a fence, where the log's results have
    to say it. `held` has the reply of the call in doubt. The list comes in pages, the last one first: `before` repeats
    the question's, and `more` says that there are earlier entries."""

    name: Name
    executed: tuple[Executed, ...] | None = ()
    reply: bytes = b"null"
    before: str | None = None
    more: bool = False


DEADLINE_SITE = "!deadline"
"""The site of the timer of a session's deadline."""


class Deadline(msgspec.Struct, frozen=True):
    """The session's deadline has passed."""

    name: Name = Name.DEADLINE


class Clashed(msgspec.Struct, frozen=True):
    """A receiver will never take a message of this session. `answer` says why; `service` plays the receiver, where that
    is known."""

    site: str
    receiver: str
    answer: Delivery = Delivery.CLASH
    service: str = ""
    name: Name = Name.CLASHED


class Fired(msgspec.Struct, frozen=True):
    """The timer of a site is due, by the log's clock."""

    site: str
    name: Name = Name.FIRED


class Recovered(msgspec.Struct, frozen=True):
    """The session was rebuilt from the log. `loaded`: its rows and its program's messages are in memory; `lost`: the
    inbox also holds a message that the saga is undone. `caught_up`: the inbox's control messages are handled, too."""

    name: Name = Name.LOADED
    lost: bool = False


Event = Arrived | CallAnswered | Undid | CloseAnswered | Deadline | Clashed | Fired | Recovered
