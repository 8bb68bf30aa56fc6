"""The actions of both calculi, as one role sees them: what a choreography and a network are compared by.

Selections are not among them: they are what a network does beyond its choreography (docs/theory.md, erasure).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

CALL, SEND, RECEIVE, ABORT = "call", "send", "receive", "abort"


class Action(NamedTuple):
    """One thing a role does. `name`: the operation, or the other role; `data`: arguments or value, canonical bytes;
    `site` of a call only, since data that rides on a selection travels under the selection's site."""

    kind: str
    name: str
    data: bytes
    site: str = ""


class RunOutcome(NamedTuple):
    """How a run ended: what each role did, in its own order; the results; whether it was aborted; how many messages a
    broadcast of every branch would have taken; the roles that may do more than is told here, since an abort kept the
    reading from knowing what."""

    views: Mapping[str, tuple[Action, ...]]
    results: Mapping[str, bytes]
    aborted: bool
    broadcast: int
    open: frozenset[str]
