"""The verbs by which an operator changes a session at one role, and when each applies.

    park      stop the session here, until it is resumed
    resume    go on: the program is run again over its log, and an open call is asked again
    retry     the same, for a call or a compensation that has used up its attempts
    skip      being undone: take the next compensation as done, because somebody undid it by hand;
              at a pivot whose outcome is unknown: it was not done
    resolve   running, at a call without a usable answer: take this value as the reply;
              being undone: take everything that is left as undone by hand
    rehost    go on under another version of the program with the same past, in which the fault is repaired
    end       give the saga up after its commit point: every role stops where it stands. What was done stays done, what
              was not done is not done any more, and the operator sees to the rest. The other roles hear of it from the
              initiator (`runtime.peer_aborts`)

A verb is a message to the role. So it is durable, reaches whichever replica holds the session, and stays in the inbox
with who sent it and why: that is the audit. Each is carried out once, however often it arrives (`SessionRow.verbs`).

Every parked session has at least one verb that lets it go on or ends it; `verbs` is the one place that says which. The
API refuses a verb that does not apply, and names those that do. The session checks again, because it may have moved on
in the meantime. A value is decoded as the type it stands for before it is recorded.

A recorded value that the program cannot go on from can be given again, because nothing has followed from it. The later
value wins, and both stay in the inbox.

Not promised: that a verb is sensible. `skip`, `resolve` and `end` replace a worker's answer by an operator's; the
guarantees hold as far as that answer is true.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from accompanist.errors import catalogue
from accompanist.runtime.messages import Message
from accompanist.runtime.operator_identity import Operator
from accompanist.runtime.ports import Parked, Phase
from accompanist.runtime.unfenced import IN_DOUBT, UNENDED

BY_HAND = catalogue(
    "ACC206",
    "parked by an operator",
    "An operator stopped this session on purpose.",
    "`accompanist sessions show ID` says who and why; `accompanist sessions resume ID` lets it go on.",
)
ENDED_BY_HAND = "ended by hand"
ENDED_HERE = "!ended by hand here"
"""The entry in `SessionRow.verbs` that says that an operator ended the saga at this role. No message has this name."""


class Verb(StrEnum):
    PARK = "park"
    RESUME = "resume"
    RETRY = "retry"
    SKIP = "skip"
    RESOLVE = "resolve"
    REHOST = "rehost"
    END = "end"


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of an operator's message.

    `value`: for a `resolve` of a call the reply's JSON, null for an operation that returns nothing; for a `rehost` the
    version's fingerprint. `site`: where the session stood when the operator looked. `code`: the error code for which it
    was parked then. Both are empty where that was not known."""

    verb: Verb
    who: str | Operator
    why: str
    value: msgspec.Raw = msgspec.Raw(b"null")
    site: str = ""
    code: str = ""


def verb_at(verb: str, site: str) -> str:
    """A verb as people and audits read it: with its site, where it has one. The SQL function `audit_verb()` does the
    same."""
    return f"{verb} at {site}".replace("\0", "\ufffd") if site else verb


def order_in(message: Message) -> Order | None:
    """The order a message carries; None where it cannot be read."""
    try:
        return msgspec.json.decode(message.payload, type=Order)
    except msgspec.DecodeError:
        return None


class Gap(msgspec.Struct, frozen=True):
    """A place in a program where an operator may give a value: for the reply of a call that is open, cannot be made or
    got an answer of the wrong type, or for a message of the wrong type. `type`: of the value."""

    site: str
    operation: str
    arguments: bytes
    type: Any

    @property
    def wants(self) -> str:
        """The name of the value's type, for people."""
        if self.type in (None, type(None)):
            return "null"
        return getattr(self.type, "__name__", None) or str(self.type)


class Standing(msgspec.Struct, frozen=True):
    """The facts that decide which verbs apply. `gap`: where the program takes a value by hand. `may_end`: it may have
    passed the commit point, after which a cancel has no effect. `versions`: those that it may go on under."""

    phase: Phase
    parked: Parked | None
    gap: Gap | None = None
    may_end: bool = False
    versions: tuple[str, ...] = ()

    @property
    def site(self) -> str:
        """The site that a `skip` or a `resolve` would apply to; empty where that is not known, or not one site."""
        if self.gap is not None:
            return self.gap.site
        return self.parked.site if self.parked is not None else ""


def possible(phase: Phase) -> tuple[Verb, ...]:
    """The verbs that may apply to a parked session, as far as its phase tells."""
    anything = Gap("", "", b"{}", None)
    codes = (IN_DOUBT, UNENDED)
    found = {verb for code in codes for verb in verbs(Standing(phase, Parked(code, ""), anything, True, ("",)))}
    return tuple(verb for verb in Verb if verb in found)


def verbs(standing: Standing) -> tuple[Verb, ...]:
    """The verbs that apply to a session that stands there."""
    phase = standing.phase
    if standing.parked is None:
        return (Verb.PARK,) if phase in (Phase.RUNNING, Phase.DONE, Phase.CLOSING, Phase.UNDOING) else ()
    if phase is Phase.RUNNING:
        resolve = (Verb.RESOLVE,) if standing.gap is not None else ()
        skip = (Verb.SKIP,) if resolve and standing.parked.code == IN_DOUBT else ()
        rehost = (Verb.REHOST,) if standing.versions else ()
        return (Verb.RESUME, Verb.RETRY, *skip, *resolve, *rehost, *((Verb.END,) if standing.may_end else ()))
    if phase is Phase.CLOSING:
        unended = standing.parked.code == UNENDED
        return (Verb.RESUME, Verb.RETRY, *((Verb.SKIP, Verb.RESOLVE) if unended else ()))
    if phase is Phase.UNDOING:
        return (Verb.RESUME, Verb.RETRY, Verb.SKIP, Verb.RESOLVE)
    if phase is Phase.DONE and standing.may_end:
        return (Verb.RESUME, Verb.RETRY, Verb.END)
    return () if phase in (Phase.SETTLED, Phase.ENDED) else (Verb.RESUME, Verb.RETRY)
