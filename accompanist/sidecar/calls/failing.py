"""The failed attempts of one call: when it is given up, and when people are told of them."""

from __future__ import annotations

from collections.abc import Callable

from accompanist.runtime import backoff
from accompanist.runtime.answers import BUSY, Answer, Declined, Fault, RetryLater
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.headers import words
from accompanist.runtime.ports import ResultKind
from accompanist.sidecar.calls.meaning import trouble

Again = Callable[[int, str], None]
"""A callback for failed attempts: how many, and why the last one failed. Called at 2, 4, 8 attempts and so on (some
twenty times for a worker that is down for a day), and when the kind of failure changes."""


class Failing:
    """The failed attempts of one call: when to give up, and when to report."""

    def __init__(self, policy: backoff.RetryPolicy, away_ms: int | None, call: CallWorker, again: Again) -> None:
        self._policy, self._away_ms, self._again = policy, away_ms, again
        self._undoes = call.kind is ResultKind.COMPENSATE
        self._failures = 0
        self._away_since: float | None = None
        self._told = ""

    def gives_up(self, answer: Answer, now: float) -> bool:
        """Whether this was the last attempt. An attempt spends budget only if the worker has read the call and begun
        it. A compensation also waits without spending budget while the worker's database is unavailable."""
        away = isinstance(answer, Fault) and answer.away
        self._away_since = (now if self._away_since is None else self._away_since) if away else None
        if away:
            assert self._away_since is not None
            return self._away_ms is not None and (now - self._away_since) * 1000 >= self._away_ms
        if isinstance(answer, RetryLater) and answer.text == BUSY:
            return False
        waits = isinstance(answer, RetryLater) or (isinstance(answer, Fault) and answer.silent)
        self._failures += not (self._undoes and waits)
        return self._policy.attempts_max is not None and self._failures >= self._policy.attempts_max

    def tell(self, answer: Answer, attempt: int) -> None:
        """Report a failed attempt, if one is due. A decline that is not allowed is reported at once."""
        way = f"{type(answer).__name__} {isinstance(answer, Fault) and answer.away}"
        other, self._told = way != self._told, way
        rarely = attempt & (attempt - 1) == 0
        if (attempt > 1 and (rarely or other)) or (isinstance(answer, Declined) and other):
            self._again(attempt, _trouble(answer))


def _trouble(answer: Answer) -> str:
    """What went wrong, for people. The reason of a decline may be shown to them."""
    if isinstance(answer, Declined):
        return words(f"it declines, which it may not: {answer.reason}")
    return trouble(answer)
