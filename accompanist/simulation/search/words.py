"""Describes the steps of a search as text, and converts a worker's answer to an event of the core."""

from __future__ import annotations

import orjson

from accompanist.runtime.answers import Answer, Closed, Declined, Fault, Missing, Replied, Reused
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.events import Answered, Event, Name, Undid
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import ResultKind


def told(message: Message) -> str:
    """A message in words."""
    sender = message.sender or "the client"
    return f"{message.kind.value}{'' if message.site.startswith('!') else ' ' + message.site} from {sender}"


def did(call: CallWorker, answer: Answer) -> str:
    """What a worker made of a call, in words."""
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


def meaning(call: CallWorker, answer: Answer) -> Event:
    """A worker's answer as the core hears it."""
    if call.kind is ResultKind.COMPENSATE:
        undid = isinstance(answer, Replied)
        return Undid(call.site, Name.UNDID if undid else Name.STUCK, "" if undid else "the worker refuses it")
    match answer:
        case Replied(value=value):
            return Answered(call.site, Name.REPLIED, value)
        case Declined(reason=reason):
            return Answered(call.site, Name.DECLINED, orjson.dumps(reason))
        case Closed():
            return Answered(call.site, Name.SHUT)
        case Fault():
            return Answered(call.site, Name.EXHAUSTED)
        case Reused() | Missing():
            return Answered(call.site, Name.REUSED)
        case _:
            raise AssertionError(f"the core does not hear {answer!r}")
