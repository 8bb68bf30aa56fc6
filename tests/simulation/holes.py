"""Deliberate holes in the rules of who may send what, one at a time: a hostile service has to find its way through
each.

    python -m tests.simulation.holes [NAME ...]

A row of the table is opened to every role, or a check beside the table is left out: of the sender, of the header, or of
the place in the inbox. If the inbox itself refuses the kind, that check is left out, too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from accompanist.language.program.program import Projection
from accompanist.log import memory, memory_inbox
from accompanist.runtime import authority, peer_aborts
from accompanist.runtime.authority import Party, Permission
from accompanist.runtime.control import OPERATOR_SITE, site_of
from accompanist.runtime.messages import Kind, Message, spoken_by
from accompanist.runtime.peer_aborts import PeerAborts
from accompanist.runtime.ports import Delivery
from accompanist.runtime.position import Position
from accompanist.sidecar.hosting import Hosted
from accompanist.sidecar.sessions import believing
from tests.simulation.planting import SHOWN_BY, Plant, search


@contextmanager
def _also(*permissions: Permission) -> Iterator[None]:
    """The table with rows beside it."""
    with patch.object(authority, "TABLE", (*authority.TABLE, *permissions)):
        authority.permissions_for.cache_clear()
        yield
    authority.permissions_for.cache_clear()


def _said_by_anyone(kind: Kind, site: str = "") -> Callable[[], Sequence[Any]]:
    return lambda: [_also(Permission(kind, site or site_of(kind), Party.ROLE, Party.ROLE)), *_let_in(kind)]


def _let_in(*kinds: Kind) -> Sequence[Any]:
    """The inbox takes these from everybody."""
    real = memory_inbox.sayable
    return [patch.object(memory_inbox, "sayable", lambda message, own: message.kind in kinds or real(message, own))]


def _in_any_name(*kinds: Kind) -> Callable[[], Sequence[Any]]:
    """Whoever wrote such a message is taken for who it says it is from."""

    def spoken(message: Message, service: str) -> bool:
        return message.kind in kinds or spoken_by(message, service)

    return lambda: [
        *(patch.object(module, "spoken_by", spoken) for module in (believing, memory)),
        *_let_in(*kinds),
    ]


def anything_at_a_point() -> Sequence[Any]:
    """The program is not asked whether it takes such a message there."""
    return [patch.object(Projection, "takes", lambda self, *what: True)]


def anyone_speaks() -> Sequence[Any]:
    """Whoever wrote a message is taken for who it says it is from."""
    return [patch.object(module, "spoken_by", lambda *what: True) for module in (believing, memory)]


def any_header_begins() -> Sequence[Any]:
    """A session begins under any initiator."""
    return [patch.object(authority, "heads", lambda *what: True)]


def roles_bound_to_anyone() -> Sequence[Any]:
    """A session begins with its roles played by whom its header names."""
    return [patch.object(Hosted, "bound_as", lambda *what: True)]


def everything_may_be_left() -> Sequence[Any]:
    """A saga without a commit point can be ended with everything left as it is."""
    return [patch.object(peer_aborts, "leaves", lambda *what: True)]


def late_aborts_are_heard() -> Sequence[Any]:
    """An abort is believed after the commit point."""
    return [
        patch.object(PeerAborts, "believes", lambda *what: True),
        patch.object(Position, "stands_at_pivot", lambda self: None),
    ]


def anyone_ends_by_hand() -> Sequence[Any]:
    """Everybody is believed who says that a saga was ended by hand."""
    return [patch.object(peer_aborts, "ends_by_hand", lambda *what: True)]


def places_shared() -> Sequence[Any]:
    """Who speaks is no part of what holds a place in the inbox: who comes first has it."""
    real = memory_inbox.InboxTables._deliver

    def deliver(self: Any, message: Message, service: str, *given: Any) -> Delivery:
        held = [place for place in self.inbox if place[:4] == message.key and place[4] != service]
        if not held:
            return real(self, message, service, *given)
        there = self.inbox[held[0]][0]
        same = (there.kind, there.payload) == (message.kind, message.payload)
        return Delivery.SAME if same else Delivery.CLASH

    return [patch.object(memory_inbox.InboxTables, "_deliver", deliver)]


def _hole(
    name: str, about: str, seeds_max: int, patches: Callable[[], Sequence[Any]], says: str, only: str = ""
) -> Plant:
    quick = seeds_max <= 40 or name in SHOWN_BY  # whose seed is known, it is found at once
    return Plant(name, about, seeds_max, patches, quick=quick, only=only, hostile=True, says=says)


JUDGED = "may not "
"""A role may not say that, or it may not begin a session."""
HOLES = [
    _hole("orders", "anyone is our operator", 10, _said_by_anyone(Kind.OPERATOR, OPERATOR_SITE), "gave the order"),
    _hole("starts", "anyone starts a saga for others", 20, _said_by_anyone(Kind.START), JUDGED),
    _hole("settles", "anyone settles", 120, _said_by_anyone(Kind.SETTLED), JUDGED),
    _hole("ends", "anyone ends", 60, _said_by_anyone(Kind.ENDED), JUDGED),
    _hole("votes", "votes are counted by anyone", 30, _said_by_anyone(Kind.DONE), JUDGED),
    _hole("answers", "anyone is answered that all is undone", 80, _said_by_anyone(Kind.COMPENSATED), JUDGED),
    _hole("aborts", "anyone aborts at anyone's", 40, _said_by_anyone(Kind.ABORT), JUDGED),
    _hole("cancels", "anyone asks for a saga to be undone", 200, _said_by_anyone(Kind.CANCEL), JUDGED),
    _hole("points", "a program is told what it does not ask for", 80, anything_at_a_point, JUDGED),
    _hole("speakers", "who speaks is not looked at", 10, anyone_speaks, "while"),
    _hole("events", "anyone tells our events", 150, _in_any_name(Kind.EVENT), "while", only="hears"),
    _hole("voters", "a vote counts in any name", 60, _in_any_name(Kind.DONE), "never said"),
    _hole("undoers", "an undoing counts in any name", 200, _in_any_name(Kind.COMPENSATED), "never said", only="errand"),
    _hole("values", "data is believed in any name", 20, _in_any_name(Kind.DATA, Kind.CHOICE), "never said"),
    _hole("squats", "a forged message holds the place of a real one", 60, places_shared, "was answered clash"),
    _hole("bindings", "anyone binds roles to itself", 200, roles_bound_to_anyone, "under another header"),
    _hole("leavings", "what can be undone is left as it is", 120, everything_may_be_left, "left as it is"),
    _hole("hands", "anyone ends a saga by hand for all others", 300, anyone_ends_by_hand, "who decides"),
    _hole("late", "a saga is undone that has passed its commit point", 200, late_aborts_are_heard, "had passed"),
    _hole("headers", "anyone is a saga's initiator", 30, any_header_begins, "session.broken"),
]


if __name__ == "__main__":
    sys.exit(search(sys.argv[1:], HOLES))
