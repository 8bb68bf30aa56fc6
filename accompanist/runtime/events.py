"""What can happen to a session, as values. The names are the columns of the table in `runtime.saga`.

Arrivals are named by their kind. Answers of workers are named by what they mean: a worker's forward call can be
replied, declined, exhausted (its budget of attempts is spent and its outcome unknown), shut (the fence is closed) or
reused (the key was used with other arguments); a compensation can be undid or stuck; a close can be closed or held, or
unended: the worker has no fence, and a call of the session is still under way there after all that is waited.
What a program waits for beside these comes from outside: a timer that has fired, or an event, which is an arrival.
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


class Arrived(msgspec.Struct, frozen=True):
    """A message is here, durably."""

    message: Message

    @property
    def name(self) -> Name:
        return Name(Kind(self.message.kind).value)


class Answered(msgspec.Struct, frozen=True):
    """A forward call ended. `value`: the reply's JSON bytes, or what went wrong in words."""

    site: str
    name: Name
    value: bytes = b"null"


class Undid(msgspec.Struct, frozen=True):
    """A compensation ended: undid, or stuck with `text` in words."""

    site: str
    name: Name
    text: str = ""


class CloseAnswered(msgspec.Struct, frozen=True):
    """The fence answered a close: closed, with what it had executed in commit order (None from a worker that has no
    fence: then the log's results say it), or held, with the reply of the call in doubt. What was executed comes in
    pages, the last one first: `before` is the question's, `more` says that there are earlier entries."""

    name: Name
    executed: tuple[Executed, ...] | None = ()
    reply: bytes = b"null"
    before: str | None = None
    more: bool = False


DEADLINE_SITE = "!deadline"
"""Where the timer of a session's deadline is set."""


class Deadline(msgspec.Struct, frozen=True):
    """The session's deadline has passed."""

    name: Name = Name.DEADLINE


class Clashed(msgspec.Struct, frozen=True):
    """A receiver will never take a message of ours. `answer` says why; `service` plays it, where that is known."""

    site: str
    receiver: str
    answer: Delivery = Delivery.CLASH
    service: str = ""
    name: Name = Name.CLASHED


class Fired(msgspec.Struct, frozen=True):
    """The timer of a site is due, by the log's clock."""

    site: str
    name: Name = Name.FIRED


Event = Arrived | Answered | Undid | CloseAnswered | Deadline | Clashed | Fired
