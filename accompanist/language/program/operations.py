"""What a projected program may ask for: the vocabulary between a generator and whoever drives it.

The projection of a choreography at one role is a Python generator. It yields the operations below and is sent their
results. It does no I/O and knows no event loop, so it can be thrown away and run again from the top at any time: given
the same results it yields the same operations (replay equivalence).

    yields                      is sent back
    Call                        the worker's reply, decoded as `returns`; with `attempt`, an `Outcome`
    Send                        None
    Receive                     the value, decoded as `type`
    Choose                      None
    Branch                      (label, value): the value that rode on the selection, or None
    Abort                       never: the saga is undone from here

Generated code has one function beside these, `wire.as_sent`: it yields nothing and gives a value its wire form.

Every operation carries its `site`: the point of the choreography's normal form, the same text at every role, with
loop and call counters, e.g. "4" or "7[2].3". (session, site, sender, receiver) is a message's identity;
(session, role, site) a call's.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from accompanist.language.values.wire import as_sent as as_sent


@dataclass(frozen=True, slots=True)
class Call:
    """Ask this role's worker for an operation. `arguments` by parameter name, values not yet encoded."""

    site: str
    operation: str
    arguments: Mapping[str, Any]
    returns: Any
    attempt: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """Move a value to another role (`com`, one recipient of `share`)."""

    site: str
    to: str
    value: Any


@dataclass(frozen=True, slots=True)
class Receive:
    """Take the value that `sender` sends at this site."""

    site: str
    sender: str
    type: Any


@dataclass(frozen=True, slots=True)
class Choose:
    """Tell another role which branch was taken. With `rides`, the data that would have followed travels with it."""

    site: str
    to: str
    label: str
    rides: bool = False
    value: Any = None


@dataclass(frozen=True, slots=True)
class Branch:
    """Learn from `sender` which branch was taken. `labels` maps each label to the type of the value that rides on
    it, or to None where none does."""

    site: str
    sender: str
    labels: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Abort:
    """`role.abort(reason)`: undo the saga."""

    site: str
    reason: str


def point_of(site: str) -> str:
    """The point of the normal form that a site belongs to: the site without the turns of its loops, and in a
    choreography that calls itself without the way that led there."""
    last = site.rpartition("/")[2]
    return _TURN.sub("[]", last) if "[" in last else last


def chosen_at(site: str, label: str) -> str:
    """The point of a selection: each label has its own."""
    return f"{site}={label}"


def behind(site: str) -> str:
    """What a role computes behind a message or a selection that it sent there, up to its next step."""
    return f"{site}>"


def computed_on(line: int) -> str:
    """What a role computes on a line of the choreography."""
    return f":{line}>"


def points(sites: Iterable[str]) -> set[str]:
    """Those of the sites at which something is done, without `behind` and `computed_on`."""
    return {site for site in sites if not site.endswith(">")}


_TURN = re.compile(r"\[\d+\]")

Operation = Call | Send | Receive | Choose | Branch | Abort
Program = Generator[Operation, Any, Any]
"""A projected program under way. Its return value is the session's result at this role (None elsewhere)."""
