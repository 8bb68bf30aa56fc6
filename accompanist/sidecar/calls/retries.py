"""Retry policies of operations: attempts, back-off and timeouts.

A setting comes from the first of these that has it: the configuration for the operation's name; the role's declaration;
the configuration's `default`, unless the configuration names the operation; the built-in default of the call's kind.

An attempt that the worker has not even read, because it is away, spends no budget: the call waits for the worker for
`away_ms`, or until the saga's deadline.

Three kinds of calls differ in a way that no configuration changes: a transaction that may fail has a retry budget; a
retriable one, and any call after the commit point, has none and is retried for ever; a compensation has a long one,
after which the session is parked.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from accompanist import limits
from accompanist.language.tries import UNSAID, Tries
from accompanist.runtime.backoff import COMPENSATION, FORWARD, RETRIABLE, RetryPolicy
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.ports import ResultKind

DEFAULT = "default"


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of `[service.NAME.retry]` for one operation, or for all under `default`; None: not set."""

    attempts_max: int | None = None
    first_ms: int | None = None
    cap_ms: int | None = None
    timeout_ms: int | None = None
    away_ms: int | None = None

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} is at least 1")


_UNSET = Retry()


def away_ms_of(call: CallWorker, retries: Mapping[str, Retry], declared: Tries = UNSAID) -> int | None:
    """How long the worker may be away before a call is given up, in milliseconds; None: for any time."""
    if call.endless or call.kind is ResultKind.COMPENSATE:
        return None
    named = retries.get(call.operation)
    layers = (named, declared) if named is not None else (declared, retries.get(DEFAULT, _UNSET))
    return next((layer.away_ms for layer in layers if layer.away_ms is not None), None)


def policy_of(call: CallWorker, retries: Mapping[str, Retry], declared: Tries = UNSAID) -> tuple[RetryPolicy, int]:
    """The retry policy of a call, and the timeout of one attempt, in milliseconds."""
    base = COMPENSATION if call.kind is ResultKind.COMPENSATE else RETRIABLE if call.endless else FORWARD
    layers = _layers(call.operation, retries, declared)

    def said(name: str, otherwise: int) -> int:
        return next((value for layer in layers if (value := getattr(layer, name)) is not None), otherwise)

    first_ms = said("first_ms", base.first_ms)
    attempts_max = None if base.attempts_max is None else said("attempts_max", base.attempts_max)
    policy = RetryPolicy(first_ms, max(first_ms, said("cap_ms", base.cap_ms)), attempts_max)
    return policy, timeout_of(call.operation, retries, declared)


def timeout_of(operation: str, retries: Mapping[str, Retry], declared: Tries = UNSAID) -> int:
    """The timeout of one attempt at an operation, in milliseconds."""
    layers = _layers(operation, retries, declared)
    return next((layer.timeout_ms for layer in layers if layer.timeout_ms is not None), limits.call_timeout_ms)


def _layers(operation: str, retries: Mapping[str, Retry], declared: Tries) -> tuple[Retry | Tries, ...]:
    """The sources of an operation's settings, the highest priority first."""
    named = retries.get(operation)
    return (named, declared) if named is not None else (declared, retries.get(DEFAULT, _UNSET))
