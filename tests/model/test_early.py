"""Early release: messages and calls leave before the log has what they depend on, and the protocol still holds.

Each rule that it needs is switched off, and then the search finds what goes wrong (docs/durability.md).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from accompanist.simulation.search.explore import Explorer, FaultBudget, SearchBounds
from accompanist.simulation.search.properties import Property
from accompanist.simulation.search.state import Road, Rules
from accompanist.simulation.search.verify import verify
from accompanist.testing.source import programs_of
from tests.model import switched
from tests.model.searched import breaks, explorer, holds
from tests.model.test_switched_off import SAGAS as KNOWN
from tests.runtime import sagas

ORDERS = Path(__file__).parents[2] / "workers" / "orders" / "choreography.py"
SAGAS = {**KNOWN, "lone": sagas.lone, "posted": sagas.posted, "shipped": sagas.shipped}
BOUNDS = SearchBounds(states_max=1_000_000, seconds_max=900.0)
CRASH, CRASHES = FaultBudget(crashes=1, declines=0), FaultBudget(crashes=2, declines=0)
DECLINES = FaultBudget(crashes=0, declines=9)
DECLINED, TWICE_DECLINED = FaultBudget(crashes=1, declines=1), FaultBudget(crashes=2, declines=1)
CANCELLED = FaultBudget(crashes=1, declines=0, cancels=1)
FORGOTTEN = FaultBudget(crashes=2, declines=0, cancels=1)
LOST = FaultBudget(crashes=1, lost_answers=1, declines=0)
LATE = FaultBudget(crashes=1, declines=0, deadlines=1)
LIE = FaultBudget(crashes=1, declines=0, lies=1)


def early(saga: str, faults: FaultBudget, rules: Rules | None = None) -> Explorer:
    rules = rules or Rules()
    road = replace(rules, road=rules.road or Road())
    return explorer(SAGAS[saga](), faults, road, doubtful=saga == "asking")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("saga", "faults"),
    [
        ("lone", FaultBudget(2, lost_answers=1, declines=1, deadlines=1, cancels=1)),
        ("asking", TWICE_DECLINED),
        ("billed", DECLINED),
        ("billed", CANCELLED),
        ("recorded", TWICE_DECLINED),
        ("recorded", CANCELLED),
        ("recorded", LOST),
        ("recorded", LATE),
        ("recorded", LIE),
        ("unrecorded", CANCELLED),
        ("posted", CRASH),
        ("ring", CRASHES),
        ("fork", CRASHES),
        ("ring", DECLINES),
        ("relayed", DECLINED),
        ("relayed", LIE),
        ("shipped", LIE),
    ],
    ids=str,
)
def test_a_saga_is_all_or_compensated(saga: str, faults: FaultBudget) -> None:
    ends = set(holds(early(saga, faults), BOUNDS).ends)
    assert "settled" in ends and ends <= {"settled", "ended"}


@pytest.mark.search
@pytest.mark.parametrize(
    ("saga", "faults"),
    [
        ("ring", DECLINED),
        ("ring", CANCELLED),
        ("ring", LOST),
        ("ring", LIE),
        ("fork", DECLINED),
        ("fork", CANCELLED),
        ("delivered", DECLINED),
        ("delivered", LIE),
        ("delivered", CANCELLED),
    ],
    ids=str,
)
def test_a_larger_search_holds(saga: str, faults: FaultBudget) -> None:
    assert "settled" in holds(early(saga, faults), BOUNDS).ends


@pytest.mark.slow
def test_the_order_saga_does_what_it_says() -> None:
    programs = programs_of(ORDERS, "fulfil_order")
    found = verify(programs, FaultBudget(crashes=1, declines=0), BOUNDS, rules=Rules(road=Road()))
    assert found.complete and found.settled and found.refined


@pytest.mark.search
def test_the_order_saga_is_all_or_compensated() -> None:
    found = verify(programs_of(ORDERS, "fulfil_order"), DECLINED, BOUNDS, rules=Rules(road=Road()))
    assert found.complete and found.settled and found.refined


STALE = Road(stale=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("saga", "faults"),
    [("lone", DECLINED), ("asking", DECLINED), ("billed", CRASHES), ("ring", CRASH), ("fork", CRASH)],
    ids=str,
)
def test_a_stale_owner_that_goes_on_does_no_harm(saga: str, faults: FaultBudget) -> None:
    """What it asks for, the fence decides; what it sends, its successor sends, too; what it commits is refused."""
    assert "settled" in holds(early(saga, faults, Rules(road=STALE)), BOUNDS).ends


@pytest.mark.search
@pytest.mark.parametrize(
    ("saga", "faults"),
    [("billed", CANCELLED), ("recorded", CANCELLED), ("unrecorded", CANCELLED), ("relayed", DECLINED)],
    ids=str,
)
def test_nor_where_a_saga_is_undone_meanwhile(saga: str, faults: FaultBudget) -> None:
    searched = replace(early(saga, faults, Rules(road=STALE)), refines=True)
    assert {"settled", "ended"} <= set(holds(searched, BOUNDS).ends)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("saga", "faults"),
    [
        ("ring", CRASH),
        ("recorded", DECLINED),
        ("billed", CANCELLED),
        ("unrecorded", CANCELLED),
        ("relayed", DECLINED),
        ("delivered", CRASH),
    ],
    ids=str,
)
def test_caches_may_be_written_one_without_the_other(saga: str, faults: FaultBudget) -> None:
    holds(early(saga, faults, Rules(road=Road(together=False))), BOUNDS)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("saga", "faults"),
    [
        ("lone", DECLINED),
        ("ring", CRASH),
        ("ring", DECLINES),
        ("fork", DECLINES),
        ("billed", CANCELLED),
        ("recorded", CANCELLED),
        ("unrecorded", CANCELLED),
        ("relayed", DECLINED),
    ],
    ids=str,
)
def test_every_step_is_one_of_the_proved_protocol(saga: str, faults: FaultBudget) -> None:
    report = holds(replace(early(saga, faults), refines=True), BOUNDS)
    assert report.refined == report.steps > 0


@pytest.mark.parametrize("saga", ["ring", "fork", "relayed"])
def test_what_has_done_something_waits_for_its_initiator(saga: str) -> None:
    """Over before its initiator says so is only what never did anything, as a tombstone is: more is not proved."""
    searched = early(saga, DECLINES, Rules(core=switched.EndsUnasked))
    assert breaks(replace(searched, refines=True), BOUNDS)[0].property is Property.REFINES


ROWS: dict[str, tuple[Rules, str, FaultBudget, Property]] = {
    "kept until it is durable": (Rules(road=Road(kept_until_durable=False)), "ring", CRASH, Property.ENDS),
    "kept when the receiver crashes": (Rules(road=Road(kept_at_crash=False)), "ring", CRASH, Property.ENDS),
    "a vote commits everything": (Rules(road=Road(whole=False)), "tail", CRASH, Property.ENDS),
    "the unknown is closed": (Rules(road=Road(unknown_closed=False)), "unrecorded", CANCELLED, Property.TOMBSTONE),
    "only what a fence keeps": (Rules(core=switched.ReleasesAnyAnswerEarly), "asking", CRASH, Property.INTEGRITY),
    "a record is stable": (Rules(core=switched.ReleasesAnyAnswerEarly), "recorded", CANCELLED, Property.ALL),
    "a vote is told when it is stable": (
        Rules(core=switched.TellsItsVoteAhead),
        "unrecorded",
        CANCELLED,
        Property.POSSIBLE,
    ),
    "no participant's abort": (Rules(core=switched.HearsParticipants), "ring", LIE, Property.UNPARKED),
    "the pivot waits": (Rules(core=switched.CallsThePivotEarly), "ring", CANCELLED, Property.ALL),
    "the pivot waits for what was heard": (Rules(road=Road(looked_for=False)), "ring", FORGOTTEN, Property.ALL),
    "a stale owner is refused": (
        Rules(road=Road(stale=True, refused=False)),
        "billed",
        CANCELLED,
        Property.POSSIBLE,
    ),
    "let go after its done": (Rules(core=switched.SettlesAlone), "ring", CRASH, Property.POSSIBLE),
    "static send sets": (Rules(core=switched.TellsOnlyWhomItSentTo), "ring", DECLINED, Property.AGREEMENT),
}
"""The rule, how it is switched off, and the saga, the faults and the property with which that is found."""


@pytest.mark.slow
@pytest.mark.parametrize("rule", ROWS)
def test_a_rule_switched_off_fails(rule: str) -> None:
    rules, saga, faults, broken = ROWS[rule]
    found, schedule = breaks(early(saga, faults, rules), BOUNDS)
    assert found.property is broken, f"{found}: {schedule}"


def test_the_default_releases_nothing_early() -> None:
    searched = explorer(sagas.ring(), CRASH)
    assert not any(move.road for _, move, _ in searched.moves(searched.first))
    holds(searched)
