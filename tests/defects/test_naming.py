"""What a call, a message and a session are called: defects 8, 26 and 29 of the reference implementation."""

from __future__ import annotations

from uuid import UUID

import pytest

from accompanist.language.program.operations import Call, Program, Receive, Send
from accompanist.log.memory import MemoryDatabase, MemoryLog
from accompanist.runtime.ports import Commit, Delivery, Phase
from accompanist.simulation.search.world import World
from tests.runtime import sagas
from tests.sidecar.harness import of


@pytest.mark.parametrize("seed", range(10))
def test_the_same_operation_twice_in_a_session_is_done_twice_and_undone_twice(seed: int) -> None:
    """Defect 8: a transaction was known by its name within a session, so the second one was skipped and reported as
    done. Planted: a key without the site."""

    def a(value: int) -> Program:
        for turn in range(1, 4):
            value = yield Call(f"1[{turn}].2", "do", {"value": value}, int)
        yield Call("3", "last", {"value": value}, int)
        return value

    operations = sagas.transaction("do") + sagas.transaction("last")
    programs = sagas.saga({"a": (a, operations, set())}, commit_role=None)
    for declines in (frozenset[str](), frozenset({"last"})):
        world = World(programs, sagas.workers(programs, declines), seed, crashes=2)
        world.start(b'{"value":1}')
        world.run()
        worker = world.workers["a"]
        turns = [f"1[{turn}].2" for turn in (1, 2, 3)]
        assert [entry.site for entry in worker.executed][:3] == turns
        assert worker.undone == (turns[::-1] if declines else [])
        assert world.phases == {"a": Phase.ENDED if declines else Phase.SETTLED}


@pytest.mark.parametrize("seed", range(20))
def test_two_messages_to_the_same_peer_are_told_apart_in_any_order(seed: int) -> None:
    """Defect 26: a message was known by session and sender and a number that each channel counted by itself, so two
    channels to one peer overwrote one another. Planted: a mailbox by sender alone."""

    def a(value: int) -> Program:
        yield Send("1", "b", value)
        yield Send("2", "b", value * 10)
        heard = yield Receive("3", "b", int)
        return heard

    def b() -> Program:
        second = yield Receive("2", "a", int)
        first = yield Receive("1", "a", int)
        yield Send("3", "a", second - first)

    programs = sagas.saga({"a": (a, [], {"b"}), "b": (b, [], {"a"})}, commit_role=None)
    world = World(programs, sagas.workers(programs), seed, crashes=1)
    world.start(b'{"value":3}')
    world.run()
    row = world.disks["a"].row
    assert row is not None and row.result == b"27"


async def test_a_sessions_name_is_a_whole_uuid_and_a_taken_one_is_not_shared() -> None:
    """Defect 29: sessions were numbered by chance in 31 bits, over all choreographies; two that met took one another's
    messages. Planted: a name cut short on its way into the log, or a start that takes over a name."""
    database = MemoryDatabase(["a"], clock=lambda: 0.0)
    log = MemoryLog(database, "a")
    alike = [UUID(int=(high << 64) + 7) for high in (1, 2)]  # equal in their lower 64 bits
    starts = [of(sagas.start(number), one) for number, one in enumerate(alike)]
    [first, second] = await log.flush([Commit(shard=None, messages=(start,)) for start in starts])
    assert (list(first), list(second)) == ([Delivery.STORED], [Delivery.STORED])
    [other] = await log.flush([Commit(shard=None, messages=(of(sagas.start(9), alike[0]),))])
    assert list(other) == [Delivery.CLASH]
