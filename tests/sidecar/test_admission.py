"""The shares of a limit over sidecars add up to it, and a place goes to who is first."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accompanist.limits import calls_saved_ms, shards_count
from accompanist.sidecar.calls.admission import (
    Admission,
    CallLimit,
    in_flight_share,
    rate_share,
)

SIDECARS = st.integers(1, 12)


@st.composite
def holdings(draw: st.DrawFn) -> Sequence[int]:
    """How many shards each of some sidecars holds; some shards may be free."""
    cuts = sorted(draw(st.lists(st.integers(0, shards_count), min_size=draw(SIDECARS), max_size=12)))
    return [high - low for low, high in itertools.pairwise([0, *cuts])]


# -- shares ----------------------------------------------------------------------------------------


@given(st.integers(1, 300), holdings())
def test_the_calls_at_once_of_all_sidecars_are_the_limit_at_most(limit: int, held: Sequence[int]) -> None:
    shares = [in_flight_share(limit, one, len(held)) for one in held]
    assert min(shares) >= 1
    assert sum(shares) <= max(limit, len(held)), "a limit of fewer than there are sidecars is one call for each"


@given(st.integers(1, 300))
def test_one_sidecar_has_all_of_it(limit: int) -> None:
    assert in_flight_share(limit, shards_count, 1) == limit
    assert rate_share(limit, shards_count, 1) == pytest.approx(limit)


@given(st.floats(0.01, 10_000), holdings())
def test_the_rates_of_all_sidecars_are_the_limit_at_most(limit: float, held: Sequence[int]) -> None:
    shares = [rate_share(limit, one, len(held)) for one in held]
    assert min(shares) > 0
    assert sum(shares) <= limit * (1 + 1e-9)


@given(st.integers(1, 300), holdings(), st.data())
def test_while_not_all_have_renewed_there_is_one_call_more_for_each_that_came(
    limit: int, held: Sequence[int], data: st.DataObject
) -> None:
    """Who has not renewed since counts fewer sidecars. Leases are exclusive all the same."""
    before = data.draw(st.integers(1, len(held)))
    counted = [data.draw(st.integers(before, len(held))) for _ in held]
    shares = [in_flight_share(limit, one, sidecars) for one, sidecars in zip(held, counted, strict=True)]
    assert sum(shares) <= max(limit, len(held)) + len(held) - before


# -- who is next -----------------------------------------------------------------------------------


def admission(**told: Any) -> Admission[str]:
    made: Admission[str] = Admission(CallLimit(**told), 0.0)
    made.share(shards_count, 1, 0.0)
    return made


def admitted(of: Admission[str], now: float = 0.0) -> list[str]:
    found = []
    while (who := of.next(now)) is not None:
        found.append(who)
    return found


def test_who_is_first_goes_before_those_who_waited_longer() -> None:
    gate = admission(max_in_flight=1)
    for who, first in (("a", False), ("b", False), ("undo", True), ("pivot", True)):
        gate.wait(who, first=first)
    order = []
    for _ in range(4):
        order += admitted(gate)
        gate.left()
    assert order == ["undo", "pivot", "a", "b"]
    assert (gate.waiting, gate.in_flight, gate.due_s(0.0)) == (0, 0, None)


def test_who_withdraws_takes_no_place() -> None:
    gate = admission(max_in_flight=1)
    gate.wait("a", first=False)
    gate.wait("b", first=True)
    gate.withdraw("b")
    gate.withdraw("b")
    assert admitted(gate) == ["a"]


def test_a_share_that_shrinks_takes_nobodys_place_and_gives_none_until_there_is_room() -> None:
    gate = admission(max_in_flight=4)
    for who in "abcdef":
        gate.wait(who, first=False)
    assert admitted(gate) == ["a", "b", "c", "d"]
    gate.share(shards_count // 2, 2, 0.0)
    gate.left()
    gate.left()
    assert admitted(gate) == []
    gate.left()
    assert admitted(gate) == ["e"]


def test_the_number_of_those_who_wait_is_bounded() -> None:
    gate = admission(max_in_flight=1, waiting_max=2)
    for who in "abc":
        assert not gate.full
        gate.wait(who, first=False)
        admitted(gate)
    assert gate.full


def test_the_next_is_due_when_the_rate_allows_it() -> None:
    gate = admission(per_second=4)
    for who in "abc":
        gate.wait(who, first=False)
    assert admitted(gate) == ["a"]
    assert gate.due_s(0.0) == pytest.approx(0.25)
    assert admitted(gate, 0.2) == []
    assert admitted(gate, 0.25) == ["b"]
    assert admitted(gate, 0.1) == [], "a clock that goes back gives nothing"
    gate.withdraw("c")
    assert gate.due_s(9.0) is None


@settings(max_examples=200)
@given(
    st.floats(0.5, 500),
    st.lists(st.tuples(st.floats(0, 0.5), st.integers(0, 9)), max_size=60),
    st.integers(1, shards_count),
)
def test_in_no_second_begin_more_calls_than_the_rate_and_what_was_saved(
    rate: float, steps: Sequence[tuple[float, int]], held: int
) -> None:
    gate: Admission[int] = Admission(CallLimit(per_second=rate), 0.0)
    gate.share(held, 3, 0.0)
    now, began, names = 0.0, list[float](), itertools.count()
    for passed, more in steps:
        now += passed
        for _ in range(more):
            gate.wait(next(names), first=False)
        while gate.next(now) is not None:
            began.append(now)
            gate.left()
    mine = rate_share(rate, held, 3)
    for n, first in enumerate(began):
        within = sum(first <= at <= first + 1.0 for at in began[n:])
        assert within <= mine + max(1.0, mine * calls_saved_ms / 1000) + 1e-3


@pytest.mark.parametrize(
    "told",
    [{}, {"waiting_max": 3}, {"max_in_flight": 0}, {"per_second": 0.0}, {"per_second": float("nan")},
     {"per_second": -1.0}, {"max_in_flight": 1, "waiting_max": 0}],
)  # fmt: skip
def test_a_limit_that_limits_nothing_or_everything_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"at least 1|more than 0|is needed"):
        CallLimit(**told)
