"""Describes the steps of a search as text."""

from __future__ import annotations

from accompanist.runtime.answers import Answer, Closed, Declined, Replied
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import ResultKind


def told(message: Message) -> str:
    """A message in words."""
    sender = message.sender or "the client"
    return f"{message.kind.value}{'' if message.site.startswith('!') else ' ' + message.site} from {sender}"


def did(call: CallWorker, answer: Answer) -> str:
    """What a worker did about a call, in words."""
    name = f"{call.operation} at {call.site}"
    match answer:
        case Replied():
            return f"undoes {call.site} by {call.operation}" if call.kind is ResultKind.COMPENSATE else f"does {name}"
        case Declined(reason=reason):
            return f"declines {name}: {reason}"
        case Closed():
            return f"refuses {name}: the session is closed"
        case _:
            return f"fails {name}"
