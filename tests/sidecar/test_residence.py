"""Where a session is: every move of the table is possible, and every other move is refused and changes nothing."""

from __future__ import annotations

import pytest

from accompanist.runtime.events import Fired
from accompanist.runtime.ports import Phase, SessionRow
from accompanist.runtime.session import Session
from accompanist.sidecar.sessions.freshness import Key, shard_of
from accompanist.sidecar.sessions.holding import Holding
from accompanist.sidecar.sessions.residence import TABLE, ImpossibleMove, Residence, ResidenceMove, Residences
from tests.runtime import sagas

KEY: Key = (sagas.HEADER.session, "a")
ROWS = [(by, before, after) for by, row in TABLE.items() for before, after in row.items()]
IMPOSSIBLE = [(by, before) for by in ResidenceMove for before in Residence if before not in TABLE[by]]


def session() -> Session:
    return Session(sagas.ring()["a"], SessionRow(header=sagas.HEADER, role="a", phase=Phase.RUNNING))


def at(state: Residence) -> Residences:
    """One session in a state, and all that is kept of it there."""
    residences = Residences()
    match state:
        case Residence.LOADING:
            residences.miss(KEY, "f")
            residences.wait(KEY, Fired("1"))
        case Residence.LIVE:
            residences.admit(session())
        case Residence.EVICTED:
            residences.move(KEY, ResidenceMove.BREAK)
        case Residence.UNHOSTED:
            residences.miss(KEY, "f")
        case Residence.TOMBSTONE:
            residences.move(KEY, ResidenceMove.BURY)
    assert residences.state(KEY) is state
    return residences


def kept(residences: Residences) -> tuple[object, ...]:
    return (
        residences.state(KEY),
        *(tuple(residences.keys(state)) for state in Residence),
        dict(residences.live),
        list(residences.waiting(KEY)),
        dict(residences.unhosted),
    )


@pytest.mark.parametrize(("by", "before", "after"), ROWS)
def test_a_move_leads_where_the_table_says_and_keeps_nothing_of_where_it_was(
    by: ResidenceMove, before: Residence, after: Residence
) -> None:
    residences = at(before)
    assert residences.move(KEY, by) is after
    assert residences.state(KEY) is after
    for state in Residence:
        found = [] if state is Residence.ABSENT or state is not after else [KEY]
        assert residences.keys(state) == found
    assert residences.waiting(KEY) == [], "what waits is the former load's"
    assert not residences.live or before is Residence.LIVE is after
    versioned = after is Residence.UNHOSTED or (by, before) == (ResidenceMove.LOAD, Residence.UNHOSTED)
    assert not residences.unhosted or versioned


@pytest.mark.parametrize(("by", "before"), IMPOSSIBLE)
def test_any_other_move_is_impossible_and_changes_nothing(by: ResidenceMove, before: Residence) -> None:
    residences = at(before)
    was = kept(residences)
    with pytest.raises(ImpossibleMove, match=f"{by} of a session that is {before}"):
        residences.move(KEY, by)
    assert kept(residences) == was


def test_every_state_can_be_entered_and_left() -> None:
    assert set(TABLE) == set(ResidenceMove)
    entered = {after for by, before, after in ROWS if after is not before}
    left = {before for by, before, after in ROWS if after is not before}
    assert entered == left == set(Residence)


def test_what_waits_for_a_load_is_not_a_later_loads() -> None:
    """A load that failed must not end the one that came after it."""
    residences = Residences()
    residences.wait(KEY, Fired("1"))
    first = residences.waiting(KEY)
    residences.wait(KEY, Fired("2"))
    assert residences.waiting(KEY) is first
    residences.move(KEY, ResidenceMove.BREAK)
    residences.wait(KEY, Fired("3"))
    assert residences.waiting(KEY) is not first
    assert residences.waiting(KEY) == [Fired("3")]


def test_a_version_is_missed_until_its_session_is_found_elsewhere() -> None:
    """Also while the session is read once more, so that people and `versions` see it all the time."""
    residences = at(Residence.UNHOSTED)
    residences.move(KEY, ResidenceMove.LOAD)
    assert residences.unhosted == {KEY: "f"}
    residences.admit(session())
    assert residences.unhosted == {}


def test_another_run_of_a_session_is_not_the_one_in_memory() -> None:
    residences, first = Residences(), session()
    residences.admit(first)
    assert residences.is_live(first)
    assert not residences.is_live(session())
    with pytest.raises(ImpossibleMove):
        residences.admit(session())
    assert residences.is_live(first)


def test_what_is_known_of_open_sessions_goes_with_their_shard() -> None:
    """One that misses its version stays to be seen where the shard is acquired anew: the sweep finds it again."""
    holding = Holding(lambda shards: None, lambda session: None)
    evicted, missing, loading, shard = (KEY[0], "b"), (KEY[0], "c"), (KEY[0], "d"), shard_of(KEY[0])
    holding.hold({shard: 1})
    holding.admit(session())
    holding.residences.move(evicted, ResidenceMove.BREAK)
    holding.residences.miss(missing, "f")
    holding.residences.wait(loading, Fired("1"))
    assert holding.hold({shard: 1}) == frozenset()
    assert [holding.residences.state(key) for key in (KEY, evicted)] == [Residence.LIVE, Residence.EVICTED]
    assert holding.hold({shard: 2}) == {shard}
    assert [holding.residences.state(key) for key in (KEY, evicted)] == [Residence.ABSENT, Residence.ABSENT]
    assert holding.residences.state(missing) is Residence.UNHOSTED
    holding.hold({})
    assert holding.residences.state(missing) is Residence.ABSENT
    assert holding.residences.state(loading) is Residence.LOADING, "its answer finds that the shard is gone"
