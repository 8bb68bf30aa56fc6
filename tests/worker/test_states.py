"""What an error means for a call is read from its SQLSTATE, so that it means the same whatever the driver."""

from __future__ import annotations

import pytest

from accompanist.worker import states
from accompanist.worker.port import Busy, ConnectionLost, Outlasted
from accompanist.worker.states import PostgresFailure


@pytest.mark.parametrize(
    ("state", "word"),
    [
        ("40001", "conflict"),
        ("40P01", "conflict"),
        ("40003", None),  # a statement whose completion is unknown is no conflict
        ("55P03", "lock_wait"),
        ("57014", "statement_timeout"),
        ("25P03", "transaction_timeout"),
        ("25P04", "transaction_timeout"),
        ("25006", "database_unavailable"),
        ("08006", "database_unavailable"),
        ("53300", "database_unavailable"),
        ("57P01", "database_unavailable"),
        ("XX000", "database_unavailable"),
        ("42501", "not_permitted"),
        ("23505", None),
        ("25P02", None),
        ("42P01", None),
        ("AC002", None),
    ],
)
def test_a_state_has_a_word(state: str, word: str | None) -> None:
    failure = PostgresFailure(state)
    assert states.passing(Exception(), failure) == word
    assert states.is_conflict(failure) is (word == "conflict")


def test_the_record_of_ones_own_repeat_is_a_conflict() -> None:
    mine, other = PostgresFailure("23505", "fence_call"), PostgresFailure("23505", "slip")
    assert states.is_conflict(mine) and states.passing(Exception(), mine) == "conflict"
    assert not states.is_conflict(other) and states.passing(Exception(), other) is None


@pytest.mark.parametrize(
    ("problem", "word"),
    [
        (Outlasted(), "transaction_timeout"),
        (Busy(), "busy"),
        (TimeoutError(), "timeout"),
        (ConnectionLost(), "database_unavailable"),
        (ConnectionRefusedError(), "database_unavailable"),
        (KeyError(), None),
    ],
)
def test_what_no_server_reported_has_a_word(problem: Exception, word: str | None) -> None:
    assert states.passing(problem, None) == word
    assert not states.is_conflict(None)


@pytest.mark.parametrize(("state", "undone"), [("23514", True), ("40001", True), ("08006", False), ("57P01", False)])
def test_a_commit_that_a_constraint_stopped_has_committed_nothing(state: str, undone: bool) -> None:
    assert states.certainly_undone(PostgresFailure(state)) is undone


def test_of_a_commit_that_met_no_answer_nothing_is_known() -> None:
    assert not states.certainly_undone(None)
