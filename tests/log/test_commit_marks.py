"""Compares the commits that were acknowledged with those that a server has."""

from __future__ import annotations

from uuid import uuid4

import pytest

from accompanist.log.commit_marks import CommitMarks, is_there


@pytest.mark.parametrize(
    ("told", "found", "there"),
    [
        ([0, 0], {}, True),
        ([3, 0], {0: 3}, True),
        ([3, 2], {0: 4, 1: 2}, True),
        ([3, 2], {0: 3, 1: 1}, False),
        ([3, 1], {0: 3}, False),
        ([1], {}, False),
    ],
)
def test_a_server_has_the_last_mark_of_every_lane_or_commits_are_missing(
    told: list[int], found: dict[int, int], there: bool
) -> None:
    """Of a lane that it knows nothing of it lacks the first commit, too."""
    assert is_there(told, found) is there


def test_only_whose_commits_a_server_lacks_is_told() -> None:
    marks = CommitMarks("acc_warehouse")
    keys = [(uuid4(), "warehouse") for _ in range(4)]
    for number, key in enumerate(keys, 1):
        marks.acknowledge(number % 2, number, [key])
    assert marks.missing({0: 4, 1: 3}) == []
    assert marks.missing({0: 2, 1: 3}) == [keys[3]]
    assert marks.missing({1: 1}) == keys[1:]
