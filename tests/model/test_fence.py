"""The fence as a value does what the fence that changes in place does, call by call."""

from __future__ import annotations

import random

import orjson
import pytest

from accompanist.runtime.answers import Answer
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.ports import ResultKind
from accompanist.simulation.search import fence as explore_fence
from accompanist.simulation.search.fence import FenceState, Fencing
from tests.model.searched import Adding
from tests.runtime import sagas


@pytest.mark.parametrize("seed", range(40))
def test_alike(seed: int) -> None:
    chance = random.Random(seed)
    programs = sagas.ring()
    operations = programs["b"].projection.operations
    other = sagas.workers(programs)["b"]
    fence, worker = FenceState(), Adding(operations, declines=False, doubtful=False)
    for _ in range(20):
        site = chance.choice(["3", "4b"])
        forward = "try_it" if site == "3" else "tail"
        kind = chance.choice(list(ResultKind))
        name = forward if kind is ResultKind.FORWARD else f"undo_{forward}"
        call = CallWorker(site, kind, name, orjson.dumps({"value": chance.choice([1, 1, 2])}))
        if chance.random() < 0.1:
            before = chance.choice([None, *(entry.site for entry in other.executed)])
            asked = CloseWorker(chance.choice([None, site]), before)
            told, fence = explore_fence.close(fence, asked, other.page_rows)
            assert told == other.close(asked.unless, asked.before)
            continue
        [way] = explore_fence.answer(fence, call, operations[name], worker, Fencing())
        fence = way.fence
        given: Answer = other.call(call)
        assert way.answer == given
        assert fence.executed == tuple(other.executed) and fence.undone == tuple(other.undone)
