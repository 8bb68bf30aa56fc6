"""What a person may do to a session at one role, and what it means.

    park      stop it here, until it is resumed
    resume    go on: the program is run again over its log, a question that was open is asked again
    retry     the same, said of a call or a compensation that gave up
    skip      take the compensation that is due as done: somebody has undone it by hand; of a pivot that is in doubt:
              it was not done
    resolve   of a program that waits for a call, or cannot go on from its answer: take this value as the reply;
              of one that is being undone: take all that is left as undone by hand
    rehost    go on under another version of the program, of the same past: one in which what failed is mended
    end       give the saga up behind its commit point: every role is told to stop where it stands. What was done
              stays done, what was not done is not done any more, and the person sees to the rest. The others hear of it
              from the initiator (`runtime.undone`)

A verb is a message to the role, so it is durable, reaches whichever replica holds the session, and stays in the inbox
with who said it and why: that is the audit. Each counts once, however often it is heard (`SessionRow.verbs`).

Every session that is parked has at least one verb that lets it go on or ends it; `verbs` is the one place that says
which. What does not apply is refused with those that do, by the API where it is asked, and by the session again, which
may have moved on meanwhile. A value is read as the type of what it stands for before it is recorded.

A value that was recorded and that the program cannot go on from can be given again, since nothing can have followed
from it: the later value counts, and both stay in the inbox.

Not promised: that a verb is sensible. `skip`, `resolve` and `end` are a person's word in place of a worker's; the
guarantees hold as far as the word is true.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from accompanist.errors import catalogue
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Parked, Phase
from accompanist.runtime.unfenced import IN_DOUBT, UNENDED
from accompanist.runtime.who import Who

BY_HAND = catalogue(
    "ACC206",
    "parked by an operator",
    "Somebody stopped this session on purpose.",
    "`accompanist sessions show ID` says who and why; `accompanist sessions resume ID` lets it go on.",
)
ENDED_BY_HAND = "ended by hand"
ENDED_HERE = "!ended by hand here"
"""Stands among the verbs of a row whose own operator has ended the saga. No message is noted there by such a name."""


class Verb(StrEnum):
    PARK = "park"
    RESUME = "resume"
    RETRY = "retry"
    SKIP = "skip"
    RESOLVE = "resolve"
    REHOST = "rehost"
    END = "end"


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The payload of an operator's message. `value`: the reply's JSON, for a `resolve` of a call; without it the reply
    is null, which is right for an operation that answers nothing. For a `rehost` the version's fingerprint. `site`:
    where the session stood for whoever said so, `code`: for what it was parked. Both are empty where that was not
    known."""

    verb: Verb
    who: str | Who
    why: str
    value: msgspec.Raw = msgspec.Raw(b"null")
    site: str = ""
    code: str = ""


def verb_at(verb: str, site: str) -> str:
    """A verb as people read it, and as an audit has it: with the site that it is about, where there is one. In SQL
    `audit_verb()` says so, too."""
    return f"{verb} at {site}".replace("\0", "\ufffd") if site else verb


def order_in(message: Message) -> Order | None:
    """The order a message carries; None where it cannot be read."""
    try:
        return msgspec.json.decode(message.payload, type=Order)
    except msgspec.DecodeError:
        return None


class Gap(msgspec.Struct, frozen=True):
    """Where a program stands and a person may give it a value: the reply of a call that is open, that cannot be made,
    or whose answer does not fit; or a message that does not fit. `type`: of the value."""

    site: str
    operation: str
    arguments: bytes
    type: Any

    @property
    def wants(self) -> str:
        """The type's name, for people."""
        if self.type in (None, type(None)):
            return "null"
        return getattr(self.type, "__name__", None) or str(self.type)


class Standing(msgspec.Struct, frozen=True):
    """What a person's verbs depend on. `gap`: where the program takes a value by hand. `may_end`: it may stand behind
    the commit point, where a cancel does nothing any more. `versions`: that it may go on under."""

    phase: Phase
    parked: Parked | None
    gap: Gap | None = None
    may_end: bool = False
    versions: tuple[str, ...] = ()

    @property
    def site(self) -> str:
        """What a `skip` or a `resolve` would be about; empty where that is not known, or not one site."""
        if self.gap is not None:
            return self.gap.site
        return self.parked.site if self.parked is not None else ""


def possible(phase: Phase) -> tuple[Verb, ...]:
    """The verbs that may apply to a session that is parked in this phase, for those who know no more of it."""
    anything = Gap("", "", b"{}", None)
    codes = (IN_DOUBT, UNENDED)
    found = {verb for code in codes for verb in verbs(Standing(phase, Parked(code, ""), anything, True, ("",)))}
    return tuple(verb for verb in Verb if verb in found)


def verbs(standing: Standing) -> tuple[Verb, ...]:
    """The verbs that apply."""
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
