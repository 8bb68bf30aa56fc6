"""How a session is loaded that has more messages than are read at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import UUID, uuid4

import msgspec
import pytest

from accompanist import limits
from accompanist.runtime.log import Log
from accompanist.runtime.operate import BY_HAND
from accompanist.runtime.ports import LogSlow, Memory, Parked, Phase, SessionRow
from accompanist.sidecar.sessions.freshness import Freshness, Key
from accompanist.sidecar.sessions.loading import Loader
from tests.runtime import sagas
from tests.runtime.test_operate import order

ROW = SessionRow(header=sagas.HEADER, role="a", phase=Phase.RUNNING)
STOPPED = msgspec.structs.replace(ROW, parked=Parked(BY_HAND, "because"))


class Asked:
    """A log that says whether it was asked for the whole of a session."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self.whole: list[bool] = []

    async def load(self, keys: Sequence[Key], *, whole: bool = False) -> Sequence[Memory]:
        self.whole.append(whole)
        return [self._memory]


@pytest.mark.parametrize(
    ("row", "heard", "needs"),
    [
        (None, False, True),
        (ROW, False, False),
        (STOPPED, True, False),
        (STOPPED, False, True),
    ],
    ids=["it has no row", "it goes on", "what a person said was heard", "a person's verb waits"],
)
async def test_a_session_is_read_whole_only_where_it_cannot_begin_without(
    row: SessionRow | None, heard: bool, needs: bool
) -> None:
    said = order("resume", receiver="a")
    if row is not None and heard:
        row = msgspec.structs.replace(row, verbs=(said.site,))
    log = Asked(Memory(session=row, inbox=(sagas.start(), said), results=(), more=True))
    taken: list[Key] = []
    loader = Loader(cast(Log, log), Freshness(), lambda key, memory: taken.append(key), lambda key, problem: None)
    await loader.load([(sagas.HEADER.session, "a")])
    assert log.whole == ([False, True] if needs else [False])
    assert len(taken) == 1


async def test_a_session_that_cannot_be_read_costs_only_itself() -> None:
    keys = [(uuid4(), "a") for _ in range(3)]
    met: dict[Key, object] = {}

    class Broken:
        async def load(self, asked: Sequence[Key], *, whole: bool = False) -> Sequence[Memory]:
            if keys[1] in asked:
                raise ValueError("what a row holds")
            return [Memory(session=ROW, inbox=(), results=())] * len(asked)

    def give_up(key: Key, problem: BaseException) -> None:
        met[key] = type(problem)

    loader = Loader(cast(Log, Broken()), Freshness(), met.__setitem__, give_up)
    await loader.load(keys)
    assert [isinstance(met[key], Memory) for key in keys] == [True, False, True]
    assert met[keys[1]] is ValueError


async def test_a_question_that_takes_the_log_too_long_is_asked_in_halves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "backoff_first_ms", 0)
    asked: list[int] = []

    class Slow:
        async def load(self, keys: Sequence[Key], *, whole: bool = False) -> Sequence[Memory]:
            asked.append(len(keys))
            if len(keys) > 2:
                raise LogSlow("QueryCanceledError")
            return [Memory(session=ROW, inbox=(), results=())] * len(keys)

    taken: list[Key] = []
    loader = Loader(cast(Log, Slow()), Freshness(), lambda key, memory: taken.append(key), lambda key, problem: None)
    keys = [(UUID(int=n), "a") for n in range(9)]
    await loader.load(keys)
    assert asked[:3] == [9, 4, 2]
    assert taken == keys
