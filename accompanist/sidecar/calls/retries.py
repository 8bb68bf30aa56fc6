"""How often, how fast and how long an operation is asked for: the defaults of its kind, what its role's declaration
says, and what the configuration says instead. The configuration by an operation's name stands over the declaration,
and that over the configuration's `default`: who deploys knows the place, who declares knows the operation.

A worker that is away, so that it has not even read the call, spends no budget: it is waited for, as long as `away_ms`
says, or until the saga's deadline.

Three kinds of calls differ by nature, and no configuration changes that: a transaction that may fail has a budget of
attempts, a retriable one and whatever stands after the commit point has none, and a compensation has a long one,
after which a person is asked.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from accompanist import limits
from accompanist.language.tries import UNSAID, Tries
from accompanist.runtime.backoff import COMPENSATION, FORWARD, RETRIABLE, Policy
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.ports import ResultKind

DEFAULT = "default"


class Retry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `[service.NAME.retry]` says of one operation, or of all under `default`; None: as it is."""

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


def away_ms_of(call: CallWorker, retries: Mapping[str, Retry], declared: Tries = UNSAID) -> int | None:
    """How long the worker may be away before a call is given up, in milliseconds; None: for any time."""
    if call.endless or call.kind is ResultKind.COMPENSATE:
        return None
    named = retries.get(call.operation)
    layers = (named, declared) if named is not None else (declared, retries.get(DEFAULT, Retry()))
    return next((layer.away_ms for layer in layers if layer.away_ms is not None), None)


def policy_of(call: CallWorker, retries: Mapping[str, Retry], declared: Tries = UNSAID) -> tuple[Policy, int]:
    """The policy of a call, and the time one attempt may take, in milliseconds."""
    base = COMPENSATION if call.kind is ResultKind.COMPENSATE else RETRIABLE if call.endless else FORWARD
    layers = _layers(call.operation, retries, declared)

    def said(name: str, otherwise: int) -> int:
        return next((value for layer in layers if (value := getattr(layer, name)) is not None), otherwise)

    first_ms = said("first_ms", base.first_ms)
    attempts_max = None if base.attempts_max is None else said("attempts_max", base.attempts_max)
    policy = Policy(first_ms, max(first_ms, said("cap_ms", base.cap_ms)), attempts_max)
    return policy, timeout_of(call.operation, retries, declared)


def timeout_of(operation: str, retries: Mapping[str, Retry], declared: Tries = UNSAID) -> int:
    """The time one attempt at an operation may take, in milliseconds."""
    layers = _layers(operation, retries, declared)
    return next((layer.timeout_ms for layer in layers if layer.timeout_ms is not None), limits.call_timeout_ms)


def _layers(operation: str, retries: Mapping[str, Retry], declared: Tries) -> tuple[Retry | Tries, ...]:
    """Who says how an operation is asked for, the highest first."""
    named = retries.get(operation)
    return (named, declared) if named is not None else (declared, retries.get(DEFAULT, Retry()))
