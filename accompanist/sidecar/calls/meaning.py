"""What a worker's answer means to the session that asked.

An answer has a word at each border that it crosses, from the worker's fence to the row of the log. The table is in
docs/worker-contract.md; each step of it is one function, and no other file knows two of the vocabularies:

    fence's status      -> code of JSON-RPC      `worker.execution`
    code of JSON-RPC    -> `runtime.answers`     `rpc.envelope`
    `runtime.answers`   -> event of the core     here
    event of the core   -> outcome in the row    `runtime.state`

The simulator, the search and the test kit ask here, too, so that a core hears the same of a model of a worker as of a
real one.

Not promised: that an answer is the last. Which answers are asked for again, `attempts` decides before it comes here.
"""

from __future__ import annotations

import orjson

from accompanist.runtime.answers import Answer, Closed, Declined, Fault, Gone, Missing, Replied, RetryLater, Reused
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.events import CallAnswered, Name, Undid
from accompanist.runtime.headers import words
from accompanist.runtime.ports import ResultKind


def event_of(call: CallWorker, answer: Answer) -> CallAnswered | Undid:
    """The event by which a session hears the last answer to a call of its. An answer that decides nothing means that
    the call's retry budget is spent, and its outcome unknown."""
    if call.kind is ResultKind.COMPENSATE:
        if isinstance(answer, Replied):
            return Undid(call.site, Name.UNDID)
        return Undid(call.site, Name.STUCK, trouble(answer))
    match answer:
        case Replied(value=value):
            return CallAnswered(call.site, Name.REPLIED, value)
        case Declined(reason=reason):
            return CallAnswered(call.site, Name.DECLINED, orjson.dumps(words(reason)))
        case Closed():
            return CallAnswered(call.site, Name.SHUT)
        case Reused():
            return CallAnswered(call.site, Name.REUSED)
        case RetryLater() | Missing() | Fault() | Gone():
            return CallAnswered(call.site, Name.EXHAUSTED)


def trouble(answer: Answer) -> str:
    """What went wrong with a call, for people: one line without payload."""
    match answer:
        case Fault(text=text) | RetryLater(text=text) | Reused(text=text):
            return text
        case Gone():
            return "the worker has lost what it knew of the session"
        case Missing(method=method):
            return f"the worker has no method {method}"
        case Replied() | Declined() | Closed():
            return type(answer).__name__.lower()
