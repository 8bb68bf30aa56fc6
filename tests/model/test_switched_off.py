"""Each rule of docs/durability.md and docs/protocol.md, switched off, fails: a checker that never fails is broken.

A row names the rule, the saga and the faults with which the search finds its schedule, and the property that breaks.
The second table holds what may be switched off without harm as the runtime is built today, with the reason.
"""

from __future__ import annotations

from typing import Any

import pytest

from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.language.program.program import Operation, RoleProgram
from accompanist.runtime.beginning import BEGINS
from accompanist.runtime.messages import Kind
from accompanist.simulation.fence import Fencing
from accompanist.simulation.search.explore import FaultBudget
from accompanist.simulation.search.properties import Property
from accompanist.simulation.search.state import Rules
from tests.model import switched
from tests.model.searched import breaks, explorer, holds
from tests.runtime import sagas

CRASH, DECLINES = FaultBudget(crashes=1, declines=1), FaultBudget(crashes=0, declines=9)
CRASHED_AND_CANCELLED = FaultBudget(crashes=1, declines=0, cancels=1)
LIE = FaultBudget(crashes=0, declines=0, lies=1)
CANCEL, LOST = FaultBudget(crashes=0, declines=0, cancels=1), FaultBudget(crashes=0, lost_answers=1, declines=0)


def asking() -> dict[str, RoleProgram]:
    """a asks its worker something that has no effect and may be answered otherwise the next time, and tells b."""

    def a(value: int) -> Program:
        read = yield Call("1", "read", {"value": value}, int)
        yield Send("2", "b", read)
        heard = yield Receive("3", "b", int)
        return heard

    def b() -> Program:
        got = yield Receive("2", "a", int)
        yield Send("3", "a", got)
        return None

    read = Operation("read", "query", {"value": "int"}, "int")
    return sagas.saga({"a": (a, [read], {"b"}), "b": (b, [], {"a"})}, commit_role=None)


SAGAS = {
    "ring": sagas.ring,
    "fork": sagas.fork,
    "recorded": sagas.recorded,
    "unrecorded": lambda: sagas.recorded(commits=False),
    "tail": lambda: sagas.ring(pivot=False, concurrent_tail=True),
    "billed": sagas.billed,
    "delivered": sagas.delivered,
    "relayed": sagas.relayed,
    "asking": asking,
}

ROWS: dict[str, tuple[Rules, str, FaultBudget, Property]] = {
    "records before messages": (Rules(commit_first=False), "ring", CRASH, Property.POSSIBLE),
    "the start is durable": (Rules(released=frozenset({Kind.START})), "ring", CRASH, Property.ENDS),
    "released when stable": (Rules(released=frozenset({Kind.DATA})), "ring", CRASH, Property.ENDS),
    "the abort is kept": (Rules(released=frozenset({Kind.ABORT})), "ring", CRASH, Property.ENDS),
    "done votes are kept": (Rules(released=frozenset({Kind.DONE})), "ring", CRASH, Property.ENDS),
    "inbox rows are swept": (Rules(inbox_swept=False), "ring", CRASH, Property.ENDS),
    "a tombstone": (Rules(begins=BEGINS - {Kind.ABORT}), "ring", DECLINES, Property.ENDS),
    "a shut door": (Rules(fencing=Fencing(door=False)), "fork", DECLINES, Property.TOMBSTONE),
    "a kept effect": (Rules(fencing=Fencing(replies_kept=False)), "ring", CRASH, Property.ONCE),
    "a query's reply": (Rules(core=switched.ForgetsReplies), "asking", CRASH, Property.INTEGRITY),
    "close, then vote": (Rules(core=switched.VotesBeforeItCloses), "fork", DECLINES, Property.TOMBSTONE),
    "the fence's list": (Rules(core=switched.CompensatesFromItsLog), "fork", DECLINES, Property.ALL),
    "others are told": (Rules(core=switched.TellsNobody), "ring", DECLINES, Property.AGREEMENT),
    "one mark at a time": (Rules(core=switched.MarksAllAtOnce), "tail", DECLINES, Property.ALL),
    "in reverse": (Rules(core=switched.UndoesInOrder, page_rows=2), "tail", DECLINES, Property.ALL),
    "no abort after done": (Rules(core=switched.GrantsAnything), "ring", CANCEL, Property.ALL),
    "no cancel after commit": (Rules(core=switched.GrantsAfterTheCommitPoint), "ring", CANCEL, Property.ALL),
    "the record is stable": (
        Rules(core=switched.TellsOfARecordItDoesNotKeep),
        "recorded",
        CRASHED_AND_CANCELLED,
        Property.ALL,
    ),
    "no cancel after a record": (
        Rules(core=switched.GrantsAfterTheCommitPoint),
        "recorded",
        CRASHED_AND_CANCELLED,
        Property.ALL,
    ),
    "a grant is stable": (
        Rules(core=switched.GrantsWithoutARecord),
        "ring",
        CRASHED_AND_CANCELLED,
        Property.ALL,
    ),
    "no cancel after a vote": (Rules(core=switched.GrantsAfterItsVote), "unrecorded", CANCEL, Property.POSSIBLE),
    "no abort after commit": (Rules(core=switched.HearsAbortsAfterTheCommitPoint), "ring", LIE, Property.ALL),
    "the fence decides about an abort": (Rules(core=switched.AbortsAPivotThatWasAsked), "ring", LIE, Property.ALL),
    "no abort of what is settled": (Rules(core=switched.HearsAbortsWhenSettled), "ring", LIE, Property.POSSIBLE),
    "no participant's abort": (Rules(core=switched.HearsParticipants), "delivered", LIE, Property.ALL),
    "the initiator tells who is named": (
        Rules(core=switched.TellsNoneThatAreNamed),
        "relayed",
        DECLINES,
        Property.ENDS,
    ),
    "a call in doubt": (Rules(core=switched.ClosesBlindly), "ring", LOST, Property.ALL),
    "done says contacts": (Rules(core=switched.KeepsItsContacts), "ring", DECLINES, Property.AGREEMENT),
    "undone says send set": (Rules(core=switched.KeepsItsSendSet), "tail", DECLINES, Property.AGREEMENT),
    "settled after all votes": (Rules(core=switched.SettlesAlone), "ring", DECLINES, Property.AGREEMENT),
    "the initiator spreads": (Rules(core=switched.SpreadsNothing), "ring", CRASH, Property.ENDS),
}


@pytest.mark.parametrize("rule", ROWS)
def test_a_rule_switched_off_fails(rule: str) -> None:
    rules, saga, faults, broken = ROWS[rule]
    found, schedule = breaks(explorer(SAGAS[saga](), faults, rules, doubtful=saga == "asking"))
    assert found.property is broken, f"{found}: {schedule}"


@pytest.mark.parametrize(("saga", "faults"), sorted({(saga, faults) for _, saga, faults, _ in ROWS.values()}))
def test_the_same_searches_hold_with_all_rules(saga: str, faults: FaultBudget) -> None:
    holds(explorer(SAGAS[saga](), faults, doubtful=saga == "asking"))


REDUNDANT: dict[str, Any] = {
    # a burst commits its contacts with what it sends, so the log never forgets one: the static set is for the relaxed
    # form, in which a session row may come late
    "static send sets": switched.TellsOnlyWhomItSentTo,
    # what it asks for too much, the fence refuses or lists
    "aborts first": switched.RunsBeforeItHearsTheAbort,
}


@pytest.mark.parametrize("rule", REDUNDANT)
def test_what_no_schedule_within_the_bound_needs(rule: str) -> None:
    holds(explorer(sagas.ring(), CRASH, Rules(core=REDUNDANT[rule])))
