"""A function of the log changes only the rows of its own session: none of another session, role or service, and none of
a shard that another sidecar owns.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from accompanist import limits
from accompanist.runtime.messages import Header, Kind
from accompanist.runtime.ports import Delivery, Phase
from tests.log.letters import burst, header, message, result, row, timer
from tests.log.worlds import PostgresWorld, owner
from tests.postgres import SERVICES

DAY_MS = 86_400_000
TABLES = {
    "session": ("session", "role"),
    "inbox": ("session", "receiver"),
    "arrival": ("session", "receiver"),
    "outbox": ("session", "sender"),
    "result": ("session", "role"),
    "timer": ("session", "role"),
    "stub": ("session", "role"),
}
OF = UUID("00000000-0000-4000-8000-0000000000a0")
BESIDE = (UUID("00000000-0000-4000-8000-0000000000a1"), UUID("00000000-0000-4000-8000-0000000001a0"))
"""One in the next shard, one in the same."""
ROLES = ("warehouse", "stock")


async def everything(world: PostgresWorld) -> dict[tuple[str, ...], list[str]]:
    """Every row of every service, by service, table, session and role."""
    found: dict[tuple[str, ...], list[str]] = {}
    for service in SERVICES:
        admin = await world.connect(service)
        for table, names in TABLES.items():
            for line in await admin.fetch(f"SELECT t::text, {', '.join(names)} FROM {table} t ORDER BY 1"):  # noqa: S608
                key = (service, table, *(str(line[name]) for name in names))
                found.setdefault(key, []).append(line[0])
        await admin.close()
    return found


def is_neighbour(key: tuple[str, ...], of: Header, role: str) -> bool:
    """Whether rows are another service's, another session's, or another role's."""
    service, _, session, played = key
    return (service, session, played) != ("warehouse", str(of.session), role)


async def filled(world: PostgresWorld) -> tuple[Any, Header]:
    """A log with three sessions at two roles each, with rows of every kind, of which none is over."""
    log = await owner(world, "warehouse", away=["payment"])
    loyalty = await owner(world, "loyalty")
    headers = [header(session) for session in (OF, *BESIDE)]
    for of in headers:
        for role in ROLES:
            await log.flush([burst(of, session=row(of, role), results=(result(of, f"3{role}", role=role),))])
            sent = (message(of, f"1{role}", sender=role), message(of, f"!x{role}", sender=role, kind=Kind.DONE))
            here = tuple(message(of, f"2{role}{n}", role, sender="loyalty") for n in "ab")
            await loyalty.flush([burst(of, messages=here)])
            set_here = (timer(of, f"7{role}", role=role),)
            await log.flush(
                [burst(of, messages=(*sent, message(of, f"4{role}", "loyalty", sender=role)), timers=set_here)]
            )
    return log, headers[0]


async def ends(log: Any, of: Header, phase: Phase = Phase.SETTLED, outcome: str = "settled") -> None:
    await log.flush([burst(of, session=row(of, phase=phase, outcome=outcome))])


async def flush_ends(log: Any, of: Header) -> None:
    await ends(log, of, Phase.ENDED, "ended")


async def flush_undoes(log: Any, of: Header) -> None:
    await log.flush([burst(of, session=row(of, phase=Phase.UNDOING, vote="abort"))])


async def flush_replies(log: Any, of: Header) -> None:
    slept = result(of, "7warehouse", operation="role.sleep")
    await log.flush([burst(of, session=row(of), results=(slept,), messages=(message(of, "9"),))])


async def relayed(log: Any, of: Header) -> None:
    await log.relayed([(message(of, "1warehouse"), Delivery.STORED), (message(of, "!xwarehouse"), Delivery.CLASH)])


async def collected(log: Any, of: Header) -> None:
    await ends(log, of)
    await relayed(log, of)
    await log.collect(-DAY_MS, 10)


async def lightened(log: Any, of: Header) -> None:
    await ends(log, of)
    await relayed(log, of)
    await log.lighten(-DAY_MS, 10)


async def forgotten(log: Any, of: Header) -> None:
    await collected(log, of)
    await log.forget(-DAY_MS, 10)


async def timer_moved(log: Any, of: Header) -> None:
    await log.end_timer(of.session, "warehouse", "7warehouse")


async def told_that_it_is_taken(log: Any, of: Header) -> None:
    taken = [one for one in await log.take(100) if (one.message.session, one.message.receiver) == (OF, "warehouse")]
    assert len(taken) == 2
    await log.take(100, taken)


DEEDS: dict[str, Callable[[Any, Header], Awaitable[None]]] = {
    deed.__name__: deed
    for deed in (
        flush_ends,
        flush_undoes,
        flush_replies,
        relayed,
        collected,
        lightened,
        forgotten,
        timer_moved,
        told_that_it_is_taken,
    )
}


@pytest.mark.parametrize("deed", DEEDS)
async def test_a_deed_touches_its_own_rows_alone(postgres_world: PostgresWorld, deed: str) -> None:
    log, of = await filled(postgres_world)
    before = await everything(postgres_world)
    assert len({key[1] for key in before}) == len(TABLES) - 1, "every table but the stubs has rows"
    await DEEDS[deed](log, of)
    after = await everything(postgres_world)
    assert after != before, "it did something"
    touched = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    assert [key for key in touched if is_neighbour(key, of, "warehouse")] == []


async def test_who_asks_changes_nothing(postgres_world: PostgresWorld) -> None:
    log, of = await filled(postgres_world)
    before = await everything(postgres_world)
    await log.take(100)
    await log.load([(of.session, "warehouse")])
    await log.page(of.session, "warehouse", "2warehousea", "loyalty")
    await log.show(of.session)
    await log.summaries()
    await log.undelivered(100)
    await log.due(100)
    await log.unfinished(range(limits.shards_count))
    await log.collect(DAY_MS, 10)
    await log.lighten(DAY_MS, 10)
    assert await everything(postgres_world) == before


async def test_the_shards_of_others_are_left_alone(postgres_world: PostgresWorld) -> None:
    log, _ = await filled(postgres_world)
    other = await postgres_world.sidecar("warehouse")
    await other.lease("other", limits.shards_count)
    await log.lease("warehouse-1", limits.shards_count)
    held, _, *_ = await other.lease("other", limits.shards_count)
    payment, _, *_ = await (await owner(postgres_world, "payment")).lease("payment-1", limits.shards_count)
    await log.release("warehouse-1")
    admin = await postgres_world.connect("warehouse")
    owners = await admin.fetch("SELECT owner, count(*) FROM shard GROUP BY owner")
    assert {line[0]: line[1] for line in owners} == {"other": len(held), None: limits.shards_count - len(held)}
    await admin.close()
    admin = await postgres_world.connect("payment")
    assert await admin.fetchval("SELECT count(*) FROM shard WHERE owner = 'payment-1'") == len(payment)
    await admin.close()
