"""The delay before a retry: exponential back-off, capped, with jitter, as a pure function.

The random number is a parameter, so that a simulation draws it from its seed and a test from a table. Half of the delay
is fixed and half is jitter: callers that failed together retry at different times, and none retries at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from accompanist import limits


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """A retry policy. `attempts_max` is the retry budget, the first attempt included; None retries for ever."""

    first_ms: int = limits.backoff_first_ms
    cap_ms: int = limits.backoff_cap_ms
    attempts_max: int | None = limits.call_attempts_max

    def __post_init__(self) -> None:
        if not 0 < self.first_ms <= self.cap_ms:
            raise ValueError("a back-off needs 0 < first_ms <= cap_ms")
        if self.attempts_max is not None and self.attempts_max < 1:
            raise ValueError("a budget has at least one attempt")


FORWARD = RetryPolicy()
RETRIABLE = RetryPolicy(attempts_max=None)
COMPENSATION = RetryPolicy(attempts_max=limits.compensation_attempts_max)


def delay_ms(attempt: int, policy: RetryPolicy, chance: float) -> int | None:
    """The delay after attempt number `attempt` (from 1) failed; None when the budget is spent. `chance` in [0, 1)."""
    wait = wait_ms(attempt, policy, chance)
    return None if policy.attempts_max is not None and attempt >= policy.attempts_max else wait


def wait_ms(attempt: int, policy: RetryPolicy, chance: float) -> int:
    """The same delay, whatever the budget."""
    if attempt < 1 or not 0.0 <= chance < 1.0:
        raise ValueError("attempts count from 1 and chance lies in [0, 1)")
    # bound the exponent before the shift: attempt 10,000 of a retriable must not build a number of 10,000 bits
    doublings = min(attempt - 1, policy.cap_ms.bit_length())
    full = min(policy.cap_ms, policy.first_ms << doublings)
    return round(full / 2 + full / 2 * chance)
