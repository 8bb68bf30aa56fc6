"""The running core takes only steps of the proved protocol; and where a rule of it is switched off, that is seen."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import replace
from pathlib import Path

import pytest

from accompanist.simulation.search import refinement
from accompanist.simulation.search.abstract_state import AbstractPhase, AbstractRole, Effect, SagaShape
from accompanist.simulation.search.abstraction import Refinement
from accompanist.simulation.search.explore import Explorer, FaultBudget, SearchBounds
from accompanist.simulation.search.properties import Broken, Property
from accompanist.simulation.search.refinement import OPERATORS, RULES, TAKEN_WITHIN, NoRule, path
from accompanist.simulation.search.state import Rules
from accompanist.simulation.search.verify import verify
from accompanist.testing.source import programs_of
from tests.model import switched
from tests.model.searched import explorer
from tests.model.test_switched_off import DECLINES, ROWS, SAGAS

COQ = (Path(__file__).parents[2] / "docs" / "proofs" / "Saga.v").read_text()
BOUNDS = SearchBounds(states_max=1_500, seconds_max=20.0)
FAULTS = [DECLINES, FaultBudget(lost_answers=1), FaultBudget(crashes=1, declines=1, deadlines=1, cancels=1)]


def searched(saga: str, faults: FaultBudget, rules: Rules | None = None) -> Explorer:
    return replace(explorer(SAGAS[saga](), faults, rules, doubtful=saga == "asking"), refines=True)


def walked(explorer: Explorer, states_max: int = 4_000) -> tuple[Refinement, str]:
    """Every step of a saga, whatever property breaks in it: what judged them, and why one was refused, if one was."""
    judge, states = explorer.refinement(), explorer.starts()
    assert judge is not None
    numbers = {state: number for number, state in enumerate(states)}
    for number, state in enumerate(states):
        judge.meet(state)
        judge.begins(number)
    waiting = deque(states)
    while waiting and len(numbers) < states_max:
        state = waiting.popleft()
        for place, move, left in explorer.moves(state):
            try:
                to = explorer.after(state, place, move._replace(broken=None), left)
            except Broken:
                continue
            if to not in numbers:
                numbers[to] = len(numbers)
                judge.meet(to)
                waiting.append(to)
            try:
                judge.step(numbers[state], numbers[to])
            except Broken as broken:
                assert broken.property is Property.REFINES
                return judge, broken.text
    return judge, ""


def test_the_rules_are_those_of_the_proof() -> None:
    steps = COQ[COQ.index("Inductive step") : COQ.index("Inductive reach")]
    proved = re.findall(r"^\| (\w+)", steps, re.MULTILINE)
    assert sorted(proved) == sorted([*RULES, *TAKEN_WITHIN, *OPERATORS])
    assert sorted(proved) == sorted(re.findall(r"^\(\*\* (\w+): ", steps, re.MULTILINE)), "each is explained"


@pytest.mark.slow
@pytest.mark.parametrize("faults", FAULTS, ids=["declines", "lost", "all"])
@pytest.mark.parametrize("saga", SAGAS)
def test_every_step_is_one_of_the_proved_protocol(saga: str, faults: FaultBudget) -> None:
    report = searched(saga, faults).explore(BOUNDS)
    assert report.broken is None and report.refined == report.steps > 0


@pytest.mark.slow
def test_every_rule_is_taken_by_some_step() -> None:
    taken: set[str] = set()
    everything = FAULTS[2]
    for saga, faults in [("fork", everything), ("recorded", everything), ("ring", DECLINES), ("relayed", DECLINES)]:
        judge, refused = walked(searched(saga, faults), 3_000)
        assert not refused
        taken |= judge.rules
    assert set(RULES) == taken


SEEN_ELSEWHERE = {
    "settled after all votes": (Rules(core=switched.SettlesAlone), "fork", DECLINES),
    "done says contacts": (Rules(core=switched.KeepsItsContacts), "relayed", DECLINES),
}
"""Rules that another saga shows: in `ring`, all have voted before the initiator has."""

UNSEEN = {
    "done votes are kept": "a vote that is lost is missed for ever: nobody settles, and nothing wrong is done",
    "inbox rows are swept": "a session that nobody takes up is missed for ever",
    "a tombstone": "a role that leaves none is missed for ever",
    "the initiator tells who is named": "a role that is not told is missed for ever",
    "the initiator spreads": "a role that is not told is missed for ever",
    "a query's reply": "what a message says is no part of the proved protocol, and a query leaves nothing behind",
}
"""What only breaks that sessions end, or what the proof does not speak of."""

LIES = {rule for rule, (_, _, faults, _) in ROWS.items() if faults.lies}
"""What is there against roles that lie: the proof has none of them."""


@pytest.mark.slow
@pytest.mark.parametrize("rule", sorted(ROWS.keys() - LIES))
def test_a_rule_switched_off_is_seen_or_only_keeps_sessions_from_ending(rule: str) -> None:
    rules, saga, faults, _ = ROWS[rule]
    rules, saga, faults = SEEN_ELSEWHERE.get(rule, (rules, saga, faults))
    _, refused = walked(searched(saga, faults, rules), 3_000)
    assert bool(refused) != (rule in UNSEEN), refused


def test_a_failure_that_is_taken_for_an_end_is_seen_by_the_direct_reading_only() -> None:
    """A program may end or fail as it likes in the proved protocol. What it has to do is the choreography's."""
    rules = Rules(core=switched.VotesDoneThoughItFailed)
    for saga in ("ring", "fork"):
        _, refused = walked(searched(saga, DECLINES, rules))
        assert not refused
    dinner = Path(__file__).parents[1] / "testing" / "sagas" / "waiting.py"
    programs = programs_of(dinner, "dinner")
    broken = verify(programs, FaultBudget(crashes=0, declines=1), BOUNDS, rules=rules).broken
    assert broken is not None and broken.report.broken is not None
    assert broken.report.broken.property is Property.FAITHFUL


# -- the rules, one by one -----------------------------------------------------------------------

PAIR = SagaShape("a", "b", {"a": frozenset("b"), "b": frozenset()}, frozenset("ab"))
RUNS = AbstractRole(AbstractPhase.RUNNING, contacts=frozenset("b"))
WORKS = AbstractRole(AbstractPhase.RUNNING)
DONE, DONE_TOO = AbstractRole(AbstractPhase.DONE, "done", frozenset("b")), AbstractRole(AbstractPhase.DONE, "done")
SETTLED = AbstractRole(AbstractPhase.SETTLED, "done", frozenset("b"), passed=True)
BACK, UNDONE, ENDED = (
    AbstractRole(phase, "abort", frozenset("b"), shut=True)
    for phase in (AbstractPhase.UNDOING, AbstractPhase.UNDONE, AbstractPhase.ENDED)
)
TOLD = UNDONE._replace(vote=None)
BOUGHT, PAID = Effect("1"), Effect("2", pivot=True, stays=True)


def stands(a: AbstractRole, b: AbstractRole) -> dict[str, AbstractRole]:
    return {"a": a, "b": b}


def test_a_sequence_of_rules_is_found() -> None:
    to = stands(SETTLED._replace(executed=(BOUGHT,)), DONE_TOO._replace(executed=(PAID,), passed=True))
    names = [name for name, _ in path(PAIR, stands(AbstractRole(), AbstractRole()), to)]
    assert names == ["start", "execute", "send", "vote_done", "begin", "pivot", "vote_done", "settle"]


def test_an_initiator_that_has_voted_hands_a_request_on() -> None:
    """The owner has voted, too, so that nothing else tells of it; and the program that ended sends nothing."""
    now, to = stands(DONE._replace(contacts=frozenset()), DONE_TOO), stands(DONE, DONE_TOO)
    assert path(PAIR, now, to) == (("forward", "a"),)


@pytest.mark.parametrize(
    ("now", "to", "why"),
    [
        (stands(DONE, WORKS), stands(SETTLED, WORKS), "settle: b did not vote done"),
        (stands(DONE._replace(granted=True), DONE_TOO), stands(SETTLED, DONE_TOO), "settle: it has granted"),
        (stands(RUNS, WORKS), stands(RUNS, AbstractRole(AbstractPhase.UNDOING, "abort")), "fail: its door is open"),
        (stands(RUNS, DONE_TOO), stands(RUNS, AbstractRole(AbstractPhase.UNDOING, "done")), "told: nobody told it"),
        (stands(RUNS, DONE_TOO), stands(RUNS, DONE_TOO._replace(granted=True)), "grant: nothing may fail"),
        (stands(RUNS, DONE_TOO), stands(RUNS, DONE_TOO._replace(shut=True)), "close: nothing lets it go back"),
        (stands(WORKS, AbstractRole()), stands(WORKS, WORKS), "begin: nobody has sent to it"),
        (
            stands(RUNS, WORKS._replace(shut=True)),
            stands(RUNS, WORKS._replace(shut=True, executed=(BOUGHT,))),
            "execute",
        ),
        (stands(RUNS, WORKS), stands(RUNS._replace(executed=(PAID,)), WORKS), "pivot: it does not own"),
        (
            stands(RUNS._replace(shut=True), WORKS),
            stands(RUNS._replace(shut=True), WORKS._replace(executed=(PAID,), passed=True)),
            "pivot: a is running",
        ),
        (
            stands(WORKS, AbstractRole()),
            stands(WORKS._replace(executed=(Effect("3", stays=True),)), AbstractRole()),
            "execute",
        ),
        (stands(RUNS, WORKS), stands(RUNS._replace(told=True), WORKS), "spread: nobody tells it"),
        (stands(RUNS, WORKS), stands(RUNS, AbstractRole(AbstractPhase.ENDED)), "bury: nobody told it"),
        (stands(RUNS, DONE_TOO), stands(RUNS, SETTLED._replace(contacts=frozenset())), "settled_at"),
        (stands(RUNS, WORKS), stands(RUNS._replace(passed=True), WORKS), "record: it does not own"),
        (stands(RUNS, WORKS), stands(RUNS, WORKS._replace(contacts=frozenset("a"))), "send: its projection"),
        (stands(RUNS, WORKS._replace(granted=True)), stands(RUNS, DONE_TOO), "vote_done: it has granted"),
        (stands(BACK._replace(contacts=frozenset()), WORKS), stands(BACK, WORKS), "forward: its saga is decided"),
        (stands(UNDONE, BACK), stands(ENDED, BACK), "end_saga: b did not compensate"),
        (stands(UNDONE, TOLD), stands(UNDONE, TOLD._replace(phase=AbstractPhase.ENDED)), "ended_at: the initiator has"),
    ],
)
def test_what_no_rule_allows_is_refused(now: dict[str, AbstractRole], to: dict[str, AbstractRole], why: str) -> None:
    with pytest.raises(NoRule, match=why):
        path(PAIR, now, to)


def test_only_the_owner_undoes_a_saga_that_it_has_not_begun() -> None:
    alone, now = PAIR._replace(owner="a"), stands(RUNS, AbstractRole())
    with pytest.raises(NoRule, match="orphan: nobody asked it"):
        path(alone, now, stands(RUNS, AbstractRole(AbstractPhase.ENDED, "abort")))


def test_what_is_undone_is_undone_in_reverse_order() -> None:
    undoing = AbstractRole(AbstractPhase.UNDOING, "abort", shut=True, executed=(BOUGHT, Effect("2")))
    assert path(PAIR, stands(RUNS, undoing), stands(RUNS, undoing._replace(undone=("2", "1")))) == (("undo", "b"),) * 2
    with pytest.raises(NoRule, match="it undoes 1, and the last that is not undone is 2"):
        path(PAIR, stands(RUNS, undoing), stands(RUNS, undoing._replace(undone=("1",))))
    with pytest.raises(NoRule, match="all_undone"):
        path(PAIR, stands(RUNS, undoing), stands(RUNS, undoing._replace(phase=AbstractPhase.UNDONE)))


def test_a_path_that_is_too_long_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refinement, "_path_max", 1)
    undoing = RUNS._replace(phase=AbstractPhase.UNDOING, executed=(Effect("1"), Effect("2")), shut=True)
    with pytest.raises(NoRule, match="do not lead there"):
        path(PAIR, stands(RUNS, undoing), stands(RUNS, undoing._replace(undone=("2", "1"))))


def test_an_owner_that_ended_as_an_orphan_is_not_asked_again() -> None:
    ended = AbstractRole(AbstractPhase.ENDED, "abort")
    alone = PAIR._replace(owner="b")
    ran = RUNS._replace(executed=(BOUGHT,), contacts=frozenset({"b"}))
    assert path(alone, stands(ran._replace(executed=()), ended), stands(ran, ended)) == (("execute", "a"),)
