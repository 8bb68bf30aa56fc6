"""Whether the inbox's answer is fresh: not if its shard was acquired or swept, or the session left, meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from accompanist.sidecar.sessions.freshness import Freshness, Key
from tests.effort import lines

KEY: Key = (UUID(int=7), "payment")
MEANWHILE: list[Callable[[Freshness], object]] = [
    lambda known: known.acquired([7]),
    lambda known: known.swept([KEY]),
    lambda known: known.left(KEY),
    lambda known: known.due([7]),
]


def held() -> Freshness:
    known = Freshness()
    known.acquired([7])
    known.all_swept(7, known.due_since(7))
    return known


def test_an_answer_is_fresh_if_nothing_happened_in_its_shard() -> None:
    known = held()
    known.swept([KEY])  # before it is asked
    known.asks({7: 1})
    known.swept([(UUID(int=8), "payment")])  # another shard
    assert known.is_fresh(KEY)


@pytest.mark.parametrize("happens", MEANWHILE)
def test_an_answer_is_not_fresh_if_something_happened_since_it_was_asked(
    happens: Callable[[Freshness], object],
) -> None:
    known = held()
    known.asks({7: 1})
    happens(known)
    assert not known.is_fresh(KEY)


def test_of_a_shard_that_was_not_held_no_answer_is_fresh() -> None:
    known = held()
    known.asks({8: 1})
    assert not known.is_fresh(KEY)


def test_to_ask_takes_as_long_however_many_shards_are_held() -> None:
    few, many = held(), held()
    many.acquired(range(256))
    assert lines(lambda: few.asks({7: 1})) == lines(lambda: many.asks(dict.fromkeys(range(256), 1)))
