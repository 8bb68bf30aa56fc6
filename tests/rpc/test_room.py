"""Memory for messages is granted in order, never beyond the bound, and to no owner more than half of it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accompanist.rpc.room import Room, Share


def ask(room: Room, size: int, owner: str | None = None) -> Share:
    return room.ask(size, lambda: None, owner)


def test_room_is_given_in_order() -> None:
    room = Room(100)
    first, second, third = ask(room, 80), ask(room, 40), ask(room, 10)
    assert [share.held for share in (first, second, third)] == [True, False, False]
    first.give_back()
    assert [share.held for share in (second, third)] == [True, True]
    assert room.taken == 50


def test_one_owner_has_half_and_stands_in_nobodys_way() -> None:
    room = Room(100)
    mine = [ask(room, 30, "a") for _ in range(3)]
    assert [share.held for share in mine] == [True, False, False]
    assert ask(room, 50, "b").held
    mine[0].give_back()
    assert [share.held for share in mine] == [False, True, False]


def test_what_would_have_to_wait_is_not_taken() -> None:
    room = Room(100)
    assert room.take(60) is not None
    assert room.take(60) is None
    assert room.take(40) is not None


def test_a_share_is_given_back_once() -> None:
    room = Room(100)
    share, other = ask(room, 60), ask(room, 40)
    share.give_back()
    share.give_back()
    assert room.taken == 40
    other.give_back()
    assert room.taken == 0


async def test_who_stops_waiting_leaves_no_hole() -> None:
    room = Room(100)
    held = ask(room, 100)
    waiting = [asyncio.create_task(room.wait(100)) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    held.give_back()
    (await waiting[1]).give_back()
    assert room.taken == 0


@given(st.lists(st.tuples(st.integers(1, 120), st.sampled_from([None, "a", "b"]), st.integers(0, 5)), max_size=30))
def test_never_more_than_there_is_and_nobody_waits_while_nothing_is_taken(
    asked: list[tuple[int, str | None, int]],
) -> None:
    room = Room(100)
    shares: list[Share] = []
    for size, owner, back in asked:
        shares.append(ask(room, size, owner))
        if back < len(shares):
            shares.pop(back).give_back()
        held = [share for share in shares if share.held]
        assert room.taken == sum(share.size for share in held) <= 100
        assert all(sum(share.size for share in held if share.owner == name) <= 50 for name in ("a", "b"))
        assert held or not shares
    for share in shares:
        share.give_back()
    assert room.taken == 0
