"""Each sending service has its own places in the inbox, may send what is allowed, and meets its own bounds alone."""

from __future__ import annotations

import logging

import msgspec
import pytest

from accompanist import limits
from accompanist.limits import shards_count
from accompanist.log.memory import MemoryLog
from accompanist.log.postgres import PostgresLog
from accompanist.runtime.messages import Kind, spoken_by
from accompanist.runtime.ports import Commit, Delivery, KeptVersion, Phase, QuotaLimits, ReachedQuota
from tests.log.letters import burst, header, message, order, row
from tests.log.worlds import PostgresWorld, World, owner

CLIENTS = {Kind.START, Kind.CANCEL, Kind.OPERATOR, Kind.EVENT}
"""What may have no sender."""
ROLES = set(Kind) - {Kind.START, Kind.OPERATOR, Kind.EVENT}
"""What may have one."""
TELLING = (Kind.COMPENSATED, Kind.DONE, Kind.SETTLED, Kind.ENDED)


@pytest.mark.parametrize("kind", Kind)
async def test_each_kind_is_taken_from_those_who_may_say_it_and_from_nobody_else(world: World, kind: Kind) -> None:
    """Whatever way it comes: from the service itself, in the commit of a peer, or relayed."""
    warehouse, payment = await owner(world, "warehouse"), await owner(world, "payment")
    payload = order(header(), "payment", "retry", "ann", "").payload
    for sender in ("", "warehouse"):
        of = header()
        await payment.flush([burst(of, session=row(of, "payment"))])
        unnamed = {"choreography": "", "fingerprint": "", "initiator": "", "bindings": {"payment": "payment"}}
        told = header(of.session, **unnamed) if kind is Kind.EVENT else of  # an event is of no choreography
        said = [message(told, site, kind=kind, sender=sender, payload=payload) for site in ("!own", "!peer", "!wire")]
        [[own]] = await payment.flush([Commit(shard=None, messages=(said[0],))])
        [[handed_over]] = await warehouse.flush([burst(of, messages=(said[1],))])
        [relayed] = await payment.accept("warehouse", [said[2]])
        ours = kind in (CLIENTS if sender == "" else ROLES)
        theirs = sender != "" and kind in ROLES
        wanted = [Delivery.STORED if may else Delivery.REFUSED for may in (ours, theirs, theirs)]
        assert [own, handed_over, relayed] == wanted, sender
        taken = [entry for entry in await payment.take(10) if entry.message.session == of.session]
        assert len(taken) == wanted.count(Delivery.STORED), "what is refused is not stored"
        assert len(await payment.audits(of.session)) == (kind is Kind.OPERATOR and ours), "nor audited"


async def test_a_kind_that_nobody_knows_is_refused(postgres_world: PostgresWorld) -> None:
    for service in ("warehouse", "payment"):
        login = await postgres_world.connect("warehouse", f"{service}_sidecar")
        answers = await login.fetchval(
            "SELECT acc_payment.deliver(ARRAY[gen_random_uuid()], ARRAY['1'], ARRAY['warehouse'], ARRAY['payment'],"
            " ARRAY['datum'], ARRAY['{}'::bytea], ARRAY['1'::bytea], ARRAY['{}'::bytea], false)"
        )
        assert answers == ["refused"], service
        await login.close()


async def test_the_real_message_is_stored_beside_a_forged_one_whichever_comes_first(world: World) -> None:
    warehouse, loyalty = await owner(world, "warehouse"), await owner(world, "loyalty")
    payment = await owner(world, "payment")
    for forged_first in (True, False):
        of = header()
        real, forged = message(of), message(of, payload=b'{"n":2}', kind=Kind.CHOICE)
        said = [(loyalty, forged), (warehouse, real)]
        for log, one in said if forged_first else reversed(said):
            assert await log.flush([burst(of, messages=(one,))]) == [[Delivery.STORED]]
        assert await warehouse.flush([burst(of, messages=(real,))]) == [[Delivery.SAME]], "compared with its own"
        other = message(of, payload=b"3")
        assert await warehouse.flush([burst(of, messages=(other,))]) == [[Delivery.CLASH]]
        assert await payment.accept("loyalty", [forged, other]) == [Delivery.SAME, Delivery.CLASH]
        [memory] = await payment.load([(of.session, "payment")])
        assert memory.inbox == (real,), "the service that plays its sender is believed"
        taken = {entry.sender_service: entry for entry in await payment.take(10)}
        assert taken.keys() == {"warehouse", "loyalty"}
        assert [service for service, entry in taken.items() if spoken_by(entry.message, service)] == ["warehouse"]
        assert await payment.take(10, list(taken.values())) == []
        assert (await payment.page(of.session, "payment", "1", "warehouse")) == [real]
        story = await payment.show(of.session)
        assert story is not None
        assert sorted((told.service, told.payload) for told in story.messages) == [
            ("loyalty", forged.payload),
            ("warehouse", real.payload),
        ], "each is shown with the service that has said it"
        assert await warehouse.undelivered(10) == []


async def test_what_was_refused_goes_from_the_log_and_only_what_a_peer_said(world: World) -> None:
    loyalty, payment = await owner(world, "loyalty"), await owner(world, "payment")
    of = header()
    own = message(of, "!start", kind=Kind.START, sender="")
    await payment.flush([Commit(shard=None, messages=(own,))])
    await loyalty.flush([burst(of, messages=(message(of), message(of, "2")))])
    taken = await payment.take(10)
    assert len(taken) == 3
    told = [msgspec.structs.replace(entry, refused=entry.message.site != "2") for entry in taken]
    assert await payment.take(10, told) == []
    story = await payment.show(of.session)
    assert story is not None
    assert {one.site for one in story.messages} == {"!start", "2"}
    assert await payment.unfinished(range(shards_count)) == [(of.session, "payment")]


@pytest.mark.parametrize("kind", TELLING)
async def test_what_tells_an_unknown_session_of_its_end_is_acknowledged_and_dropped(world: World, kind: Kind) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    unknown, begun, known = header(), header(), header()
    await log.flush([burst(begun, messages=(message(begun),))])
    await payment.flush([burst(known, session=row(known, "payment"))])
    for of, answer in ((unknown, Delivery.CLOSED), (begun, Delivery.STORED), (known, Delivery.STORED)):
        assert await log.flush([burst(of, messages=(message(of, "!x", kind=kind),))]) == [[answer]]
    assert {entry.message.session for entry in await payment.take(10)} == {begun.session, known.session}


async def test_of_one_flush_each_message_is_answered_by_itself(world: World) -> None:
    """Whichever of them have to be looked at more closely, and wherever they stand."""
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    known = header()
    await payment.flush([burst(known, session=row(known, "payment"))])
    await log.flush([burst(header(), messages=(message(begun := header()),))])
    several = [
        (message(known, "!x", kind=Kind.DONE), Delivery.STORED),
        (message(header(), "!x", kind=Kind.DONE), Delivery.CLOSED),
        (message(header(), "1"), Delivery.STORED),
        (message(begun, "!x", kind=Kind.SETTLED), Delivery.STORED),
        (message(header(), "!x", kind=Kind.ENDED), Delivery.CLOSED),
    ]
    sent, answers = zip(*several, strict=True)
    assert await log.flush([burst(known, messages=sent)]) == [list(answers)]
    assert await payment.crowd(QuotaLimits(sessions=100, waiting=3, undoing=100)) == [
        ("warehouse", ReachedQuota.WAITING)
    ], "now nothing of it begins a session"
    several = [
        (message(known, "2"), Delivery.STORED),
        (message(header(), "2"), Delivery.FULL),
        (message(header(), "!x", kind=Kind.DONE), Delivery.CLOSED),
        (message(known, "3"), Delivery.STORED),
    ]
    sent, answers = zip(*several, strict=True)
    assert await log.flush([burst(known, messages=sent)]) == [list(answers)]


@pytest.mark.parametrize("kind", [Kind.ABORT, Kind.CANCEL])
async def test_at_its_initiator_an_unknown_session_is_not_undone_but_dropped(world: World, kind: Kind) -> None:
    """A start is there before anybody can have heard of its session."""
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    unknown, begun = header(), header()
    own = message(begun, "!start", "warehouse", kind=Kind.START, sender="")
    await log.flush([Commit(shard=None, messages=(own,))])
    for of, answer in ((unknown, Delivery.CLOSED), (begun, Delivery.STORED)):
        one = message(of, "!x", "warehouse", sender="payment", kind=kind)
        assert await payment.flush([burst(of, messages=(one,))]) == [[answer]]
        assert await log.accept("payment", [one]) == [Delivery.SAME if of is begun else Delivery.CLOSED]
    assert await log.crowd(QuotaLimits(undoing=1, waiting=1)) == [
        ("payment", ReachedQuota.WAITING),
        ("payment", ReachedQuota.UNDOING),
    ]
    more = message(begun, "!y", "warehouse", sender="payment", kind=kind)
    assert await log.accept("payment", [more]) == [Delivery.FULL], "known by its start, it is not dropped"


async def test_a_peer_that_has_too_much_waiting_begins_nothing_here_and_others_do(world: World) -> None:
    warehouse, loyalty = await owner(world, "warehouse"), await owner(world, "loyalty")
    payment = await owner(world, "payment")
    known = header()
    await payment.flush([burst(known, session=row(known, "payment"))])
    assert await payment.crowd(QuotaLimits(waiting=3)) == []
    waiting = [header() for _ in range(3)]
    await loyalty.flush([burst(of, messages=(message(of, sender="loyalty"),)) for of in waiting])
    new = header()
    for _ in range(2):  # counted by whoever looks first: the one that takes it in, or the sidecar every few seconds
        for kind in (Kind.DATA, Kind.CHOICE, Kind.ABORT, Kind.CANCEL):
            one = message(new, f"2{kind}", kind=kind, sender="loyalty")
            assert await payment.accept("loyalty", [one]) == [Delivery.FULL], kind
        assert await payment.crowd(QuotaLimits(waiting=3)) == [("loyalty", ReachedQuota.WAITING)]
    goes_on = message(known, "2", sender="loyalty")
    assert await loyalty.flush([burst(known, messages=(goes_on,))]) == [[Delivery.STORED]], "what is under way"
    assert await warehouse.flush([burst(new, messages=(message(new),))]) == [[Delivery.STORED]], "and others"
    own = message(header(), "!start", kind=Kind.START, sender="")
    assert await payment.flush([Commit(shard=None, messages=(own,))]) == [[Delivery.STORED]]
    more = [message(known, f"4{n}", sender="loyalty") for n in range(3)]
    assert await payment.accept("loyalty", more) == [Delivery.STORED] * 3
    assert await payment.accept("loyalty", [message(known, "5", sender="loyalty")]) == [Delivery.FULL], "twice as many"

    taken = await payment.take(100)
    for of in waiting:
        await payment.flush([burst(of, session=row(of, "payment"))])
    await payment.take(100, taken)
    assert await payment.crowd(QuotaLimits(waiting=3)) == []
    assert await payment.accept("loyalty", [message(new, "6", sender="loyalty")]) == [Delivery.STORED], "there is room"


async def test_a_peer_that_aborts_without_end_is_told_full_for_sessions_that_are_unknown(world: World) -> None:
    warehouse, payment = await owner(world, "warehouse"), await owner(world, "payment")
    bounds = QuotaLimits(undoing=2)
    known, first, second, third = (header() for _ in range(4))
    await payment.flush([burst(known, session=row(known, "payment"))])
    for of in (first, second):
        assert await payment.crowd(bounds) == []
        assert await warehouse.flush([burst(of, messages=(message(of, "!abort", kind=Kind.ABORT),))]) == [
            [Delivery.STORED]
        ]
    assert await payment.crowd(bounds) == [("warehouse", ReachedQuota.UNDOING)]
    said = [message(third, "!abort", kind=Kind.ABORT), message(third, "!cancel", kind=Kind.CANCEL), message(third)]
    assert await payment.accept("warehouse", said) == [Delivery.FULL, Delivery.FULL, Delivery.STORED]
    assert await payment.accept("warehouse", [message(known, "!abort", kind=Kind.ABORT)]) == [Delivery.STORED]
    await world.pass_time(limits.undoing_ms / 1000)
    assert await payment.crowd(bounds) == []
    assert await payment.accept("warehouse", said[:1]) == [Delivery.STORED]


async def test_what_cannot_be_read_holds_up_no_message_and_is_told_of_in_one_line(
    postgres_world: PostgresWorld, caplog: pytest.LogCaptureFixture
) -> None:
    warehouse, payment = await owner(postgres_world, "warehouse"), await owner(postgres_world, "payment")
    many = 50
    peer = await postgres_world.connect("warehouse", "loyalty_sidecar")
    answers = await peer.fetchval(
        "SELECT acc_payment.deliver(array_agg(gen_random_uuid()), array_agg(n::text), array_agg('a'::text),"
        " array_agg('payment'::text), array_agg('data'::text), array_agg('{}'::bytea), array_agg('1'::bytea),"
        " array_agg('{}'::bytea), false) FROM generate_series(1, $1) AS n",
        many,
    )
    assert answers == ["stored"] * many
    await peer.close()
    of = header()
    await warehouse.flush([burst(of, messages=(message(of),))])
    with caplog.at_level(logging.WARNING):
        taken = await payment.take(10)
    assert [entry.message for entry in taken] == [message(of)], "one question passes over all that is before it"
    assert len(caplog.records) <= many // 10 + 1, "a line for each batch, not for each row"
    assert "from loyalty" in caplog.records[0].getMessage()
    admin = await postgres_world.connect("payment")
    assert await admin.fetchval("SELECT count(*) FROM arrival WHERE early AND aside") == many, "they count as waiting"
    assert await payment.crowd(QuotaLimits(waiting=many)) == [("loyalty", ReachedQuota.WAITING)]

    caplog.clear()
    assert await payment.unfinished(range(shards_count)) == [(of.session, "payment")], "recovery does not load them"
    assert await admin.fetchval("SELECT count(*) FROM arrival WHERE aside") == 0, "but another program may read them"
    await payment.take(10, taken)
    await postgres_world.pass_time(100_000)
    assert await payment.forget(90_000_000, 10) == []
    assert await admin.fetchval("SELECT count(*) FROM arrival WHERE aside") == many - 10, "they go with time"
    assert await payment.forget(110_000_000, 100) == []
    assert await admin.fetchval("SELECT count(*) FROM inbox") == many - 10 + 1
    await admin.close()


async def test_what_a_version_of_later_may_begin_with_does_not_go_with_time(world: World) -> None:
    """Its sender was told that it is here, and has forgotten it."""
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header(fingerprint="f00d")
    await log.flush([burst(of, messages=(message(of),))])
    assert await payment.take(10, await payment.take(10)) == []
    await world.pass_time(10 * 365 * 86_400)
    await payment.forget(1_000, 100)
    assert await payment.unfinished(range(shards_count)) == [(of.session, "payment")]
    assert (await payment.load([(of.session, "payment")]))[0].inbox == (message(of),)


async def test_the_id_of_a_session_cannot_be_known_beforehand(world: World) -> None:
    """The name of a request is computed from its key. A peer's message under that id was enough to make it the id."""
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    name, fresh = header().session, header().session
    of = header(name)
    assert await payment.flush([burst(of, messages=(message(of, receiver="warehouse", sender="payment"),))]) == [
        [Delivery.STORED]
    ]
    await log.flush([burst(of, session=row(of, phase=Phase.SETTLED, outcome="settled"))])
    made = await log.request(name, fresh, "orders", b"digest")
    assert (made.session, made.first, made.digest) == (fresh, True, b"digest")


async def test_a_full_bound_is_said_of_all(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    await world.bound("payment", 1)
    await payment.keep([KeptVersion(fingerprint="f0", choreography="fulfil_order", file="a.py", texts={})])
    assert await payment.crowd(QuotaLimits()) == []
    for _ in range(2):
        of = header()
        await log.flush([burst(of, messages=(message(of),))])
    assert await payment.crowd(QuotaLimits()) == [("", ReachedQuota.WAITING)]
    assert isinstance(payment, MemoryLog | PostgresLog)
