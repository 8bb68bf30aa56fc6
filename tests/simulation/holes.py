"""Deliberate holes in who may say what, one at a time: a hostile service has to find its way through each.

python -m tests.simulation.holes [NAME ...]

A row of the table is open to every role, or something beside the table is not looked at. Told of an event in a role's
name, a session hears nothing: it looks for what nobody said.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from accompanist.language.program import Projection
from accompanist.log import memory
from accompanist.runtime import authority
from accompanist.runtime.authority import Part, Word
from accompanist.runtime.control import OPERATOR_SITE, site_of
from accompanist.runtime.messages import Kind
from accompanist.sidecar import believing
from tests.simulation.planted import Plant, main


@contextmanager
def _also(*words: Word) -> Iterator[None]:
    """The table with rows beside it."""
    with patch.object(authority, "TABLE", (*authority.TABLE, *words)):
        authority.words_for.cache_clear()
        yield
    authority.words_for.cache_clear()


def _said_by_anyone(kind: Kind, site: str = "") -> Callable[[], Sequence[Any]]:
    return lambda: [_also(Word(kind, site or site_of(kind), Part.ROLE, Part.ROLE))]


def anything_at_a_point() -> Sequence[Any]:
    """The program is not asked whether it takes such a message there."""
    return [patch.object(Projection, "takes", lambda self, *what: True)]


def anyone_speaks() -> Sequence[Any]:
    """Whoever wrote a message is taken for who it says it is from."""
    return [patch.object(module, "spoken_by", lambda *what: True) for module in (believing, memory)]


def any_header_begins() -> Sequence[Any]:
    """A session begins under any initiator."""
    return [patch.object(authority, "heads", lambda *what: True)]


def _hole(name: str, about: str, seeds_max: int, patches: Callable[[], Sequence[Any]], says: str) -> Plant:
    return Plant(name, about, seeds_max, patches, quick=seeds_max <= 40, hostile=True, says=says)


JUDGED = "may not "
"""A role may not say that, or it may not begin a session."""
HOLES = [
    _hole("orders", "anyone is our operator", 10, _said_by_anyone(Kind.OPERATOR, OPERATOR_SITE), "gave the order"),
    _hole("starts", "anyone starts a saga for others", 20, _said_by_anyone(Kind.START), JUDGED),
    _hole("settles", "anyone settles", 120, _said_by_anyone(Kind.SETTLED), JUDGED),
    _hole("ends", "anyone ends", 40, _said_by_anyone(Kind.ENDED), JUDGED),
    _hole("votes", "votes are counted by anyone", 30, _said_by_anyone(Kind.DONE), JUDGED),
    _hole("answers", "anyone is answered that all is undone", 80, _said_by_anyone(Kind.COMPENSATED), JUDGED),
    _hole("aborts", "anyone aborts at anyone's", 40, _said_by_anyone(Kind.ABORT), JUDGED),
    _hole("cancels", "anyone asks for a saga to be undone", 200, _said_by_anyone(Kind.CANCEL), JUDGED),
    _hole("points", "a program is told what it does not ask for", 80, anything_at_a_point, JUDGED),
    _hole("speakers", "who speaks is not looked at", 10, anyone_speaks, "while"),
    _hole("headers", "anyone is a saga's initiator", 30, any_header_begins, "session.broken"),
]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], HOLES))
