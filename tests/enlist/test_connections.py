"""A start over each library: inside the application's transaction, with what it writes and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from accompanist.enlist import Refused
from accompanist.errors import AccompanistError
from tests.enlist.conftest import Shop
from tests.enlist.libraries import LIBRARIES, Transaction, given
from workers.orders.choreography import fulfil_order
from workers.orders.messages import Approval, Line, Order

ORDER = Order("customer-gold", (Line("kettle", 2),))
SENT = {"order": {"customer": "customer-gold", "lines": [{"product": "kettle", "quantity": 2}]}}
PLACED = "INSERT INTO placed VALUES (7)"

Over = Callable[[Shop], Transaction]
pytestmark = pytest.mark.parametrize("over", LIBRARIES.values(), ids=LIBRARIES)


async def test_a_commit_has_the_session_and_the_row(shop: Shop, over: Over) -> None:
    async with over(shop) as (run, log):
        await given(run(PLACED))
        session = await given(
            log.start(fulfil_order, ORDER, key="order-7", deadline_s=60.0, attributes={"order": "7 '%:"})
        )
        assert await shop.starts() == []
    [(started, payload, header)] = await shop.starts()
    assert isinstance(session, UUID) and started == session
    assert orjson.loads(payload) == SENT
    told = orjson.loads(header)
    assert told["attributes"] == {"order": "7 '%:"} and told["deadline"] == pytest.approx(told["started_at"] + 60)
    assert await shop.placed() == 1


async def test_a_rollback_has_neither(shop: Shop, over: Over) -> None:
    with pytest.raises(ZeroDivisionError):
        async with over(shop) as (run, log):
            await given(run(PLACED))
            await given(log.start(fulfil_order, ORDER, key="order-7"))
            raise ZeroDivisionError
    assert (await shop.starts(), await shop.placed()) == ([], 0)


async def test_a_transaction_that_is_repeated_is_one_session(shop: Shop, over: Over) -> None:
    found = []
    for _ in range(2):
        async with over(shop) as (_, log):
            found.append(await given(log.start(fulfil_order, ORDER, key="order-7")))
    assert found[0] == found[1]
    assert [row[0] for row in await shop.starts()] == found[:1]
    with pytest.raises(Refused) as caught:
        async with over(shop) as (_, log):
            await given(log.start(fulfil_order, Order("customer-poor", ()), key="order-7"))
    assert caught.value.code == "ACC711" and str(found[0]) in caught.value.text


async def test_without_a_key_each_is_a_session_of_its_own(shop: Shop, over: Over) -> None:
    async with over(shop) as (_, log):
        found = {await given(log.start(fulfil_order, named={"order": ORDER})) for _ in range(2)}
    assert {row[0] for row in await shop.starts()} == found and len(found) == 2


@pytest.mark.parametrize(
    ("name", "arguments", "code", "words"),
    [
        ("fulfil_ordr", SENT, "ACC704", "fulfil_ordr cannot be started at warehouse"),
        ("fulfil_order", {"order": {"customer": 5}}, "ACC714", "fulfil_order: $.order lacks lines"),
    ],
)
async def test_what_is_wrong_breaks_the_transaction(
    shop: Shop, over: Over, name: str, arguments: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(Refused) as caught:
        async with over(shop) as (run, log):
            await given(run(PLACED))
            await given(log.start(name, named=arguments))
    assert (caught.value.code, caught.value.text) == (code, words)
    assert caught.value.__cause__ is not None
    assert (await shop.starts(), await shop.placed()) == ([], 0)


async def test_what_does_not_fit_is_refused_before_it_is_sent(shop: Shop, over: Over) -> None:
    async with over(shop) as (run, log):
        with pytest.raises(AccompanistError, match="ACC304"):
            await given(log.start(fulfil_order, 7))
        with pytest.raises(AccompanistError, match="ACC853"):
            await given(log.start(fulfil_order))
        await given(run(PLACED))  # it is not broken
    assert await shop.placed() == 1


async def test_an_error_of_the_database_stays_its_own(shop: Shop, over: Over) -> None:
    """In a transaction that is broken already, nothing is started, and the library says what it says of that."""
    with pytest.raises(Exception, match=r"[Aa]bort|broken|transaction|rollback") as caught:
        async with over(shop) as (run, log):
            with pytest.raises(Exception, match="division"):
                await given(run("SELECT 1 / 0"))
            await given(log.start(fulfil_order, ORDER))
    assert not isinstance(caught.value, AccompanistError)
    assert await shop.starts() == []


async def test_an_event_is_told_when_the_transaction_commits(shop: Shop, over: Over) -> None:
    session, approval = uuid4(), Approval("ann", granted=True)
    with pytest.raises(Refused, match="ACC740"):
        async with over(shop) as (_, log):
            await given(log.signal(session, "warehouse", "aproved", approval))
    async with over(shop) as (_, log):
        assert await given(log.signal(session, "warehouse", "approved", approval)) is True
        assert await shop.events() == []
    async with over(shop) as (_, log):
        assert await given(log.signal(session, "warehouse", "approved", approval)) is False
    assert await shop.events() == [(session, "!event/approved")]
