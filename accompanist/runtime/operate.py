"""What a person may do to a session at one role, and what it means.

    park      stop it here, until it is resumed
    resume    go on: the program is run again over its log, a question that was open is asked again
    retry     the same, said of a call or a compensation that gave up
    skip      take the compensation that is due as done: somebody has undone it by hand
    resolve   of a program that waits for a call: take this value as the reply; of one that is being undone: take all
              that is left as undone by hand

A verb is a message to the role, so it is durable, reaches whichever replica holds the session, and stays in the inbox
with who said it and why: that is the audit. Each counts once, however often it is heard (`SessionRow.verbs`).

Not promised: that a verb is sensible. `skip` and `resolve` are a person's word in place of a worker's; the guarantees
hold as far as the word is true.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from accompanist.errors import catalogue
from accompanist.runtime.messages import Message

BY_HAND = catalogue(
    "ACC206",
    "parked by an operator",
    "Somebody stopped this session on purpose.",
    "`accompanist sessions show ID` says who and why; `accompanist sessions resume ID` lets it go on.",
)


class Verb(StrEnum):
    PARK = "park"
    RESUME = "resume"
    RETRY = "retry"
    SKIP = "skip"
    RESOLVE = "resolve"


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of an operator's message. `value`: the reply's JSON, for a `resolve` of a call."""

    verb: Verb
    who: str
    why: str
    value: msgspec.Raw = msgspec.Raw(b"null")


def order_in(message: Message) -> Order | None:
    """The order a message carries; None where it cannot be read."""
    try:
        return msgspec.json.decode(message.payload, type=Order)
    except msgspec.DecodeError:
        return None
