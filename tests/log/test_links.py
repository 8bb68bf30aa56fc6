"""Where sidecars take messages directly, as their logs tell it: to whom, for which shards, with which proof."""

from __future__ import annotations

import msgspec
import pytest

from accompanist.log.inbox import Stored
from accompanist.log.links import Link, PostgresLinks, proof, proves
from accompanist.log.postgres import PostgresLog
from accompanist.runtime.messages import Kind
from accompanist.runtime.ports import Delivery, InboxEntry
from tests.log.letters import burst, header, message, row
from tests.log.worlds import PostgresWorld, World, owner

KEY = b"0123456789abcdef0123456789abcdef"


async def links_of(world: PostgresWorld, service: str, name: str = "") -> PostgresLinks:
    """What a sidecar that has leases sees."""
    log = await owner(world, service, name or None)
    assert isinstance(log, PostgresLog)
    return log.links()


def test_a_proof_is_for_one_service_and_one_key() -> None:
    assert proves(proof(KEY, "warehouse"), KEY, "warehouse")
    for shown in (b"", proof(KEY, "loyalty"), proof(KEY[::-1], "warehouse"), proof(KEY, "warehouse")[:-1]):
        assert not proves(shown, KEY, "warehouse")


async def test_a_peer_is_told_the_shards_of_each_replica_and_a_proof_of_its_own(postgres_world: PostgresWorld) -> None:
    first = await links_of(postgres_world, "payment", "payment-1")
    second = await links_of(postgres_world, "payment", "payment-2")
    await links_of(postgres_world, "payment", "payment-1")  # it lets go of half
    await links_of(postgres_world, "payment", "payment-2")
    await first.announce("payment-1", "/run/link-00000001.sock", KEY)
    await second.announce("payment-2", "/run/link-00000002.sock", KEY[::-1])
    told = {
        service: sorted(await (await links_of(postgres_world, service)).of("payment"))
        for service in ("warehouse", "loyalty")
    }
    for service, (one, two) in told.items():
        assert one == Link("payment-1", "/run/link-00000001.sock", proof(KEY, service), one.shards)
        assert two == Link("payment-2", "/run/link-00000002.sock", proof(KEY[::-1], service), two.shards)
        assert one.shards | two.shards == frozenset(range(64)) and not one.shards & two.shards


async def test_who_has_not_announced_or_has_expired_is_not_told(postgres_world: PostgresWorld) -> None:
    payment, warehouse = await links_of(postgres_world, "payment"), await links_of(postgres_world, "warehouse")
    assert await warehouse.of("payment") == []
    await payment.announce("payment-1", "/run/link-00000001.sock", KEY)
    assert len(await warehouse.of("payment")) == 1
    await postgres_world.expire("payment")
    assert await warehouse.of("payment") == []


async def test_nobody_but_sidecars_is_told(postgres_world: PostgresWorld) -> None:
    payment = await links_of(postgres_world, "payment")
    await payment.announce("payment-1", "/run/link-00000001.sock", KEY)
    admin = await postgres_world.connect("payment")
    assert await admin.fetch("SELECT * FROM links()") == [], "its login is no sidecar's"
    await admin.close()


async def test_a_log_of_before_or_one_that_is_gone_has_no_links(postgres_world: PostgresWorld) -> None:
    warehouse = await links_of(postgres_world, "warehouse")
    await postgres_world.execute("payment", "REVOKE EXECUTE ON FUNCTION links FROM accompanist_peer")
    assert await warehouse.of("payment") == []
    await postgres_world.execute("payment", "DROP FUNCTION links")
    assert await warehouse.of("payment") == []
    await postgres_world.execute("payment", "ALTER SCHEMA acc_payment RENAME TO gone")
    assert await warehouse.of("payment") == []


async def test_what_is_new_in_an_inbox_is_handed_over_once(postgres_world: PostgresWorld) -> None:
    """The services that were not reached are notified; what was there before is not handed over again."""
    woken: list[object] = []
    log = await owner(postgres_world, "warehouse", delivered=woken.append)
    await owner(postgres_world, "payment")
    await owner(postgres_world, "loyalty")
    handed: list[object] = []
    assert isinstance(log, PostgresLog)

    def hand(stored: Stored) -> Stored:
        handed.extend(stored)
        return [(service, message) for service, message in stored if service != "payment"]

    log._hand = hand
    of = header()
    here, there = message(of), message(of, "2", "loyalty")
    assert await log.flush([burst(of, messages=(here, there))]) == [[Delivery.STORED] * 2]
    assert sorted(handed, key=str) == sorted([("payment", here), ("loyalty", there)], key=str)
    assert woken == [{"loyalty": frozenset(of.session.bytes[15:])}]
    assert await log.flush([burst(of, messages=(here,))]) == [[Delivery.SAME]]
    assert len(handed) == 2 and len(woken) == 1


@pytest.mark.parametrize("known", ["row", "stub", ""])
async def test_a_message_is_confirmed_as_it_was_stored_and_by_whom(world: World, known: str) -> None:
    warehouse, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    sent = message(of)
    await warehouse.flush([burst(of, messages=(sent,))])
    if known == "row":
        await payment.flush([burst(of, session=row(of, "payment"))])
    elif known == "stub":
        await world.collect("payment", of.session, "payment")
    asked = InboxEntry(message=sent, sender_service="warehouse", known=True)

    def other(**changes: object) -> InboxEntry:
        return msgspec.structs.replace(asked, message=msgspec.structs.replace(sent, **changes))

    lies = [
        other(payload=b"2"),
        other(kind=Kind.CHOICE),
        other(site="2"),
        other(header=msgspec.structs.replace(sent.header, started_at=1.0)),
        msgspec.structs.replace(asked, sender_service="loyalty"),
        InboxEntry(message=message(header()), sender_service="warehouse", known=True),
    ]
    there, absent = (True, bool(known)), (False, bool(known))
    found = await payment.confirm([lies[0], asked, *lies[1:]])
    assert list(found) == [absent, there, *[absent] * 4, (False, False)]
    assert list(await payment.confirm([])) == []


async def test_a_neighbours_links_never_run_with_our_rights(postgres_world: PostgresWorld) -> None:
    """Whoever owns another schema may put any function there."""
    warehouse = await links_of(postgres_world, "warehouse")
    payment = await links_of(postgres_world, "payment")
    await payment.announce("payment-1", "/run/link-01234567.sock", KEY)
    assert len(await warehouse.of("payment")) == 1
    admin = await postgres_world.connect("payment")
    epochs = await admin.fetchval("SELECT sum(epoch) FROM acc_warehouse.shard")
    body = "BEGIN UPDATE acc_warehouse.shard SET epoch = epoch + 1000; RETURN; END"
    form = "(shard smallint, owner text, address text, proof bytea) LANGUAGE plpgsql"
    for how in ("", "SECURITY DEFINER", "SECURITY DEFINER SET search_path FROM CURRENT"):
        await admin.execute(f"DROP FUNCTION links; CREATE FUNCTION links() RETURNS TABLE {form} {how} AS $${body}$$")
        await admin.execute("GRANT EXECUTE ON FUNCTION links TO PUBLIC")
        assert await warehouse.of("payment") == []
    assert await admin.fetchval("SELECT sum(epoch) FROM acc_warehouse.shard") == epochs
    await admin.close()


@pytest.mark.parametrize(
    "address", ["/run/docker.sock", "link-01234567.sock", "/run/link-01234567.sock\n", "/run/link-x.sock"]
)
async def test_an_address_that_no_sidecar_gives_is_not_used(postgres_world: PostgresWorld, address: str) -> None:
    warehouse, payment = await links_of(postgres_world, "warehouse"), await links_of(postgres_world, "payment")
    await payment.announce("payment-1", address, KEY)
    assert await warehouse.of("payment") == []
