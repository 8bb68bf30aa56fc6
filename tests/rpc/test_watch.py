"""Which connections have a place at a server, which make room, and when one is over. The clock is the test's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from accompanist import limits
from accompanist.rpc.watch import ConnectionKind, Watch, WatchedConnection

FIRST_S, IDLE_S, PROBE_S = limits.first_request_ms / 1000, limits.idle_ms / 1000, limits.probe_idle_ms / 1000
BODY_S, STALL_S, UNREAD_S = limits.body_ms / 1000, limits.stall_ms / 1000, limits.unread_ms / 1000


class World:
    """A watch whose clock stands until it is moved, and which connections it ended."""

    def __init__(self) -> None:
        self.time_s = 100.0
        self.watch = Watch(clock=lambda: self.time_s)
        self.ended: list[str] = []

    def opens(self, name: str) -> WatchedConnection:
        line = self.watch.add(lambda: self.ended.append(name))
        assert line is not None
        return line

    def known(self, name: str) -> WatchedConnection:
        line = self.opens(name)
        assert self.watch.is_now(line, ConnectionKind.KNOWN)
        return line

    def after(self, seconds: float) -> list[str]:
        """What has ended when so much time has passed."""
        self.time_s += seconds
        self.watch.look()
        return self.ended


@pytest.fixture
async def world() -> World:
    return World()


@pytest.fixture(autouse=True)
def few_places(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(limits, "strangers_connections_max", 2)
    monkeypatch.setattr(limits, "probes_connections_max", 2)
    monkeypatch.setattr(limits, "connections_max", 2)
    yield


async def test_a_stranger_has_seconds_for_its_first_request(world: World) -> None:
    world.opens("a")
    assert world.after(FIRST_S) == []
    assert world.after(0.1) == ["a"]


async def test_a_stranger_that_dribbles_has_no_longer(world: World) -> None:
    line = world.opens("a")
    for _ in range(10):
        world.after(FIRST_S / 9)
        line.came(1, world.time_s)
    assert world.ended == ["a"]


async def test_the_oldest_stranger_makes_room_and_nobody_else(world: World) -> None:
    world.known("known")
    probe = world.opens("probe")
    assert world.watch.is_now(probe, ConnectionKind.PROBE)
    for name in ("a", "b", "c", "d"):
        world.opens(name).came(10, world.time_s)
    assert world.ended == ["a", "b"]


async def test_a_stranger_that_is_being_answered_does_not_make_room(world: World) -> None:
    for name in ("a", "b"):
        world.opens(name).called()
    assert world.watch.add(lambda: None) is None


@pytest.mark.parametrize("standing", [ConnectionKind.KNOWN, ConnectionKind.PROBE])
async def test_the_one_that_is_idle_longest_makes_room(world: World, standing: ConnectionKind) -> None:
    lines = {name: world.opens(name) for name in ("a", "b")}
    for line in lines.values():
        assert world.watch.is_now(line, standing)
    lines["a"].whole(world.time_s + 1)
    assert world.watch.is_now(world.opens("c"), standing)
    assert world.ended == ["b"]


async def test_where_nobody_is_idle_the_new_one_is_refused(world: World) -> None:
    world.known("a").called()
    world.known("b").came(10, world.time_s)
    assert not world.watch.is_now(world.opens("c"), ConnectionKind.KNOWN)
    assert world.ended == []


async def test_who_is_known_stays_so_when_it_looks_after_health(world: World) -> None:
    line = world.known("a")
    assert world.watch.is_now(line, ConnectionKind.PROBE)
    assert line.standing is ConnectionKind.KNOWN


async def test_idle_ones_end_by_what_they_are(world: World) -> None:
    world.known("known")
    assert world.watch.is_now(world.opens("probe"), ConnectionKind.PROBE)
    assert world.after(PROBE_S + 1) == ["probe"]
    assert world.after(IDLE_S) == ["probe", "known"]


async def test_a_call_under_way_is_not_idle(world: World) -> None:
    line = world.known("a")
    line.called()
    assert world.after(2 * IDLE_S) == []
    line.answered(world.time_s)
    assert world.after(IDLE_S + 1) == ["a"]


async def test_a_message_that_stops_is_given_up_however_much_of_it_is_there(world: World) -> None:
    line = world.known("a")
    line.came(limits.message_bytes_max - 1, world.time_s)
    assert world.after(STALL_S) == []
    assert world.after(0.1) == ["a"]


async def test_a_message_has_time_by_what_has_come_of_it(world: World) -> None:
    """One that comes as fast as it must goes on; one that comes a byte at a time does not."""
    steady, slow = world.known("steady"), world.known("slow")
    for _ in range(20):
        steady.came(limits.body_step_bytes, world.time_s)
        slow.came(1, world.time_s)
        world.after(BODY_S * 0.9)
    assert world.ended == ["slow"]


async def test_whoever_does_not_read_is_ended(world: World) -> None:
    line = world.known("a")
    line.called()
    line.choked(True, world.time_s)
    assert not line.readable.is_set()
    assert world.after(UNREAD_S + 1) == ["a"]
    assert line.readable.is_set()  # whoever waits for that must not wait for ever


async def test_one_that_cannot_be_ended_does_not_keep_the_others(world: World) -> None:
    def fails() -> None:
        raise OSError

    assert world.watch.add(fails) is not None
    world.opens("b")
    assert world.after(FIRST_S + 1) == ["b"]
