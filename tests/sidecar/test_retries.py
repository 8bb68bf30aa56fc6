"""Which policy a call has: its kind decides, the configuration adjusts."""

from __future__ import annotations

import pytest

from accompanist import limits
from accompanist.runtime.backoff import COMPENSATION, FORWARD, RETRIABLE, Policy
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.ports import ResultKind
from accompanist.sidecar.retries import Retry, policy_of


def call(operation: str = "charge", kind: ResultKind = ResultKind.FORWARD, endless: bool = False) -> CallWorker:
    return CallWorker("1", kind, operation, b"{}", endless)


@pytest.mark.parametrize(
    ("asked", "policy"),
    [
        (call(), FORWARD),
        (call(endless=True), RETRIABLE),
        (call("refund", ResultKind.COMPENSATE), COMPENSATION),
    ],
)
def test_the_kind_of_a_call_decides(asked: CallWorker, policy: Policy) -> None:
    assert policy_of(asked, {}) == (policy, limits.call_timeout_ms)


def test_an_operation_is_adjusted_by_its_name_before_the_default() -> None:
    retries = {"charge": Retry(attempts_max=2, timeout_ms=70), "default": Retry(attempts_max=9, cap_ms=80)}
    assert policy_of(call(), retries) == (Policy(attempts_max=2), 70)
    assert policy_of(call("award"), retries) == (Policy(attempts_max=9, cap_ms=80), limits.call_timeout_ms)


def test_no_configuration_gives_a_budget_to_what_may_not_fail() -> None:
    policy, _ = policy_of(call(endless=True), {"charge": Retry(attempts_max=1)})
    assert policy.attempts_max is None
