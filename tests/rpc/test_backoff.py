"""Back-off as a function: bounds by property, budgets by table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accompanist.runtime.backoff import COMPENSATION, FORWARD, RETRIABLE, RetryPolicy, delay_ms

chances = st.floats(0, 1, exclude_max=True)


@given(st.integers(1, 10**9), chances)
def test_a_delay_lies_between_half_and_all_of_the_capped_exponential(attempt: int, chance: float) -> None:
    delay = delay_ms(attempt, RETRIABLE, chance)
    full = min(RETRIABLE.cap_ms, RETRIABLE.first_ms * 2 ** min(attempt - 1, 40))
    assert delay is not None and full // 2 <= delay <= full


@given(st.integers(1, 100), chances, chances)
def test_more_chance_is_more_delay(attempt: int, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert (delay_ms(attempt, RETRIABLE, less) or 0) <= (delay_ms(attempt, RETRIABLE, more) or 0)


@pytest.mark.parametrize("policy", [FORWARD, COMPENSATION, RetryPolicy(attempts_max=1)])
def test_a_budget_is_spent(policy: RetryPolicy) -> None:
    assert policy.attempts_max is not None
    delays = [delay_ms(attempt, policy, 0.5) for attempt in range(1, policy.attempts_max + 2)]
    assert None not in delays[:-2]
    assert delays[-2:] == [None, None]


@pytest.mark.parametrize("wrong", [(0, 0.5), (-1, 0.5), (1, 1.0), (1, -0.1)])
def test_what_has_no_delay(wrong: tuple[int, float]) -> None:
    with pytest.raises(ValueError, match="attempts count from 1"):
        delay_ms(wrong[0], FORWARD, wrong[1])


@pytest.mark.parametrize("wrong", [(0, 5, 1), (6, 5, 1), (1, 5, 0)])
def test_what_is_no_policy(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=r"needs|budget"):
        RetryPolicy(*wrong)
