"""What a notification says comes back as it was said, and what nobody says wakes for anything."""

from __future__ import annotations

import pytest

from accompanist.log.wakeups import Heard, of_ended, of_messages, read, united

WHOSE = pytest.mark.parametrize("whose", [{0}, {255}, {10, 13, 32}, set(range(256))])


@WHOSE
def test_whose_messages_there_are(whose: set[int]) -> None:
    assert read(of_messages(whose)) == Heard(messages=frozenset(whose))


def test_of_any_session_is_what_earlier_releases_say() -> None:
    assert of_messages(None) == ""
    assert read("") == Heard(messages=None)


@WHOSE
def test_whose_sessions_have_ended(whose: set[int]) -> None:
    assert read(of_ended(whose)) == Heard(ended=frozenset(whose))
    assert len(of_ended(whose)) < 8000, "what Postgres takes"


@pytest.mark.parametrize(
    "payload", ["over", "over 1", "over zz", "over\x00", "0", "xx", "ended", "\u0660\u0661", "\x00"]
)
def test_what_nobody_says_wakes_for_anything_and_raises_nothing(payload: str) -> None:
    assert read(payload) == Heard(messages=None)


def test_of_any_session_and_of_some_is_of_any() -> None:
    assert united(frozenset({1}), None) is None
    assert united(frozenset({1}), frozenset({2})) == {1, 2}
