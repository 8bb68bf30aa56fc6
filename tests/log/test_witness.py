"""What was told to be durable, against what a server has."""

from __future__ import annotations

import pytest

from accompanist.log.witness import is_there


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
