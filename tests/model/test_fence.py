"""The search answers a call as the fake worker does, call by call: both ask the same fence."""

from __future__ import annotations

import random

import orjson
import pytest

from accompanist.runtime.answers import Answer
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.ports import ResultKind
from accompanist.simulation import fence
from accompanist.simulation.fence import FENCED, FenceState
from accompanist.simulation.search.fence import answer
from tests.model.searched import Adding
from tests.runtime import sagas


@pytest.mark.parametrize("seed", range(40))
def test_alike(seed: int) -> None:
    chance = random.Random(seed)
    programs = sagas.ring()
    operations = programs["b"].projection.operations
    other = sagas.workers(programs)["b"]
    state, worker = FenceState(), Adding(operations, declines=False, doubtful=False)
    for _ in range(20):
        site = chance.choice(["3", "4b"])
        forward = "try_it" if site == "3" else "tail"
        kind = chance.choice(list(ResultKind))
        name = forward if kind is ResultKind.FORWARD else f"undo_{forward}"
        call = CallWorker(site, kind, name, orjson.dumps({"value": chance.choice([1, 1, 2])}))
        if chance.random() < 0.1:
            before = chance.choice([None, *(entry.site for entry in other.executed)])
            asked = CloseWorker(chance.choice([None, site]), before)
            told, state = fence.close(state, asked, other.page_rows)
            assert told == other.close(asked.unless, asked.before)
            continue
        [way] = answer(state, call, operations[name], worker, FENCED)
        state = way.fence
        given: Answer = other.call(call)
        assert way.answer == given
        assert list(state.executed) == other.executed and list(state.undone) == other.undone
