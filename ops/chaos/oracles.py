"""The invariants, each with its bound.

They are judged by data that Accompanist does not write: the workers' ledgers and tables, and the driver's own history.
The log is only searched for rows that are there too long, or twice.

    I1  all or compensated   settled: each of the four operations once and nothing undone; ended: what was done is
                             undone, and nothing was shipped
    I2  no lost session      every accepted id ends; no ledger knows a session that no client started
    I3  no double effect     at most one ledger row for each (session, operation, kind), and sixty for the calls of a
                             standing order. A worker without a fence may repeat an effect, but not after its
                             compensation
    I4  nothing stuck        once the last fault is healed, every order ends within STUCK_S: a lease, a call's timeout,
                             a connection's, and the longest back-off, one after another
    I5  same result          each kind of order has its result, to the cent: no fault changes it
    I6  integrity            no clash in an outbox, no parked session; a receiver holds what the sender's worker has in
                             its own table
    I7  bounded              queues empty, no session left open or in memory, connections and memory back to base
    I8  honest answers       one id for a key, new at most once; an outcome never changes once a client has heard it,
                             and agrees with I1

If a service is hostile, the others are judged. Orders that need it may stay open or be parked, and it chooses their
results. At the others, each of their effects happens once, and an order that ends is all done or all undone, unless the
hostile service ended it by hand, which leaves all effects as they are: a participant may do that in a saga that has a
commit point.

A finding names the session, and says what to look at.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ops.chaos.ground import SERVICES, Ground, NotHealed
from ops.chaos.load import STANDING_TIMES, Order
from ops.stage import ALL_DONE, SCHEMAS, UNDONE

STUCK_S = 60.0
CONNECTIONS_MAX = {"sidecar": 12, "worker": 17}  # the pool, listener, notifier, one at start; the pool, install
MEMORY_GROWTH_MAX = 96_000_000  # bytes of one process over a layout
DISCOUNT_PERCENT = {0: 0, 1: 5, 2: 10}  # by the customer's number: none, silver, gold
PRICE_CENTS = {"kettle": 3_900, "espresso_machine": 64_900, "teapot": 2_450}
MUST = {
    "plain": "settled", "large": "settled", "approved": "settled",
    "unpaid": "ended", "unshipped": "ended", "standing": "ended", "pickup": "settled", "unpaid-pickup": "ended",
}  # fmt: skip
REASON = {
    "unpaid-pickup": "not enough money",
    "unpaid": "not enough money",
    "unshipped": "cannot be shipped",
    "standing": "not enough money",
}


@dataclass(frozen=True)
class Breach:
    """An invariant that was broken."""

    invariant: str
    session: str
    text: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.session}: {self.text}"


async def judge_orders(ground: Ground, orders: list[Order]) -> list[Breach]:
    """I1, I2, I3, I5, I6 and I8 of orders that have ended."""
    ledgers = await _ledgers(ground, [order.session for order in orders])
    left = await _left(ground)
    judged = [order for order in orders if not (order.loose and order.session in left)]
    breaches = [breach for order in judged for breach in judge_order(order, ledgers[order.session])]
    return breaches + await _integrity(ground, {order.session for order in orders if not order.loose})


async def judge_open(ground: Ground, orders: list[Order]) -> list[Breach]:
    """I3 of orders that have not ended."""
    ledgers = await _ledgers(ground, [order.session for order in orders])
    double = {one.session: [name for name, count in ledgers[one.session].items() if count > 1] for one in orders}
    return [
        Breach("I3", order.session, f"{order.kind}, open: {', '.join(double[order.session])} more than once")
        for order in orders
        if double[order.session] and order.kind != "standing"
    ]


async def _left(ground: Ground) -> set[str]:
    """The sessions of which an honest service has left what it did as it is."""
    if not ground.layout.hostile:
        return set()
    query = "SELECT session::text FROM {}.session WHERE convert_from(body, 'utf8')::jsonb ->> 'left' = 'true'"
    found = [await ground.sql(query.format(one), service=one) for one in SERVICES if one != ground.layout.hostile]
    return {row[0] for rows in found for row in rows}


def judge_order(order: Order, done: Counter[str]) -> list[Breach]:
    """What an order was told beside what the ledgers say was done for it."""
    found = [*_honest(order)]
    found += _others(order, done) if order.loose else [*_all_or_compensated(order, done), *_same_result(order)]
    return [Breach(name, order.session or order.key, f"{order.kind}: {text}") for name, text in found]


async def _ledgers(ground: Ground, sessions: list[str]) -> dict[str, Counter[str]]:
    ledgers: dict[str, Counter[str]] = defaultdict(Counter)
    for service, schema in SCHEMAS.items():
        query = f"SELECT session::text, operation, count(*) AS n FROM {schema}.ledger WHERE session = ANY ($1) GROUP BY 1, 2"  # noqa: S608, E501
        if service in ground.layout.plain:
            query = _DEEDS.format(schema)
        for row in await ground.sql(query, sessions, service=service):
            ledgers[row["session"]][row["operation"]] += row["n"]
    return ledgers


_DEEDS = """
SELECT session::text, operation, CASE WHEN late THEN 2 ELSE 1 END AS n
FROM (SELECT session, site, operation,
             operation <> 'revoke' AND max(number) > (
                 SELECT min(number) FROM {0}.deed u
                 WHERE (u.session, u.site, u.operation) = (d.session, d.site, 'revoke')) AS late
      FROM {0}.deed d WHERE session = ANY ($1) GROUP BY session, site, operation) once"""
"""What a worker without a fence did. However often counts as once; done after it was undone counts as twice."""


def _honest(order: Order) -> Iterable[tuple[str, str]]:
    for oddity in order.oddities:
        yield "I8", oddity
    if len(set(order.sessions)) > 1:
        yield "I8", f"one key, {len(set(order.sessions))} sessions"
    if order.news > 1:
        yield "I8", f"told {order.news} times that it is new"
    if len({repr(outcome[1:]) for outcome in order.outcomes}) > 1:
        yield "I8", f"told {[outcome[1] for outcome in order.outcomes]}, with other reasons or results"


def _all_or_compensated(order: Order, done: Counter[str]) -> Iterable[tuple[str, str]]:
    told = f"told {order.outcomes[0][1]}, the ledgers say {dict(done)}"
    all_done = (
        {name: count for name, count in ALL_DONE.items() if name != "award"} if order.kind == "pickup" else ALL_DONE
    )
    most = STANDING_TIMES if order.kind == "standing" else 1
    if double := [name for name, count in done.items() if count > most]:
        yield "I3", f"{', '.join(double)} more than once: {told}"
    if order.outcomes[0][1] == "settled":
        if done != all_done:
            yield "I1", told
    elif done["ship"] or any(done[forward] != done[back] for forward, back in UNDONE.items()):
        yield "I1", told


def _others(order: Order, done: Counter[str]) -> Iterable[tuple[str, str]]:
    """What holds at the other two, whatever loyalty says."""
    told = f"told {order.outcomes[0][1]}, the ledgers say {dict(done)}"
    if double := [name for name in ("reserve", "charge", "ship", "release", "refund") if done[name] > 1]:
        yield "I3", f"{', '.join(double)} more than once: {told}"
    if order.outcomes[0][1] == "settled":
        if any(done[name] != 1 for name in ("reserve", "charge", "ship")) or done["release"] or done["refund"]:
            yield "I1", told
    elif done["ship"] or done["reserve"] != done["release"] or done["charge"] != done["refund"]:
        yield "I1", told


def _same_result(order: Order) -> Iterable[tuple[str, str]]:
    _, outcome, reason, result = order.outcomes[0]
    if order.kind in MUST and outcome != MUST[order.kind]:
        yield "I5", f"{outcome} ({reason}), not {MUST[order.kind]}"
    elif order.kind in REASON and REASON[order.kind] not in (reason or ""):
        yield "I5", f"the reason is {reason!r}"
    if outcome == "settled":
        points = _points(order)
        if not isinstance(result, dict) or result.get("points") != points:
            yield "I5", f"the parcel is {result}, and its points are {points}"


def _points(order: Order) -> int:
    """What the saga gives without any fault."""
    if order.kind == "pickup":
        return 0
    price = PRICE_CENTS[order.product]
    percent = DISCOUNT_PERCENT[int(order.customer.removeprefix("customer")) % 3] if order.kind == "large" else 0
    return (price - price * percent // 100) // 100


# What a receiver holds, beside its sender's own table: two queries for rows of (session, value), each in the database
# of the service named. The first is asked for the sessions that the second knows: others are what a peer made up. A
# message whose session has been collected is not there.
_HELD: dict[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "a receipt at loyalty": (
        (
            "loyalty",
            """SELECT session::text, convert_from(payload, 'utf8')::jsonb ->> 'number',
                      (convert_from(payload, 'utf8')::jsonb ->> 'paid_cents')::bigint
               FROM loyalty.inbox WHERE sender = 'payment' AND kind = 'data' AND session::text = ANY ($1)""",
        ),
        ("payment", "SELECT session::text, receipt, paid_cents FROM payment_worker.payment"),
    ),
    "points at the warehouse": (
        (
            "warehouse",
            """SELECT session::text, (convert_from(payload, 'utf8')::jsonb ->> 'awarded')::bigint
               FROM warehouse.inbox WHERE sender = 'loyalty' AND kind = 'data' AND session::text = ANY ($1)""",
        ),
        ("loyalty", "SELECT session::text, points FROM loyalty_worker.award"),
    ),
    "a parcel's points": (
        (
            "warehouse",
            """SELECT r.session::text, p.points FROM warehouse_worker.parcel p
               JOIN warehouse_worker.reservation r ON p.reservation = r.number
               WHERE r.session::text = ANY ($1)""",
        ),
        ("loyalty", "SELECT session::text, points FROM loyalty_worker.award"),
    ),
}


async def _integrity(ground: Ground, firm: set[str]) -> list[Breach]:
    """I6, over everything that is in the log now; where a service is hostile, of the sessions that are judged as ever,
    those that are `firm`."""
    breaches = []
    for what, ((receiver, held), (sender, wrote)) in _HELD.items():
        if ground.layout.hostile in (receiver, sender):
            continue
        written = {row[0]: tuple(row)[1:] for row in await ground.sql(wrote, service=sender)}
        for row in await ground.sql(held, list(written), service=receiver):
            if written[row[0]] != tuple(row)[1:]:
                breaches.append(Breach("I6", row[0], f"{what} is not what its sender's worker wrote"))
    for service in SERVICES:
        clashed = f"SELECT session::text, site FROM {service}.outbox WHERE answer = 'clash'"  # noqa: S608
        for row in await ground.sql(clashed, service=service):
            breaches.append(Breach("I6", row["session"], f"{service} sent {row['site']} with other content"))
        query = f"SELECT session::text, role, convert_from(body, 'utf8') AS body FROM {service}.session WHERE parked"  # noqa: S608
        for row in await ground.sql(query, service=service):
            breaches.append(Breach("I6", row["session"], f"{row['role']} is parked; `accompanist sessions show`"))
    return [one for one in breaches if not ground.layout.hostile or one.session in firm]


async def judge_rest(ground: Ground, history: list[Order], base: dict[str, int]) -> list[Breach]:
    """I2 and I7, when nothing is under way any more. `base`: the memory of each process at the beginning."""
    return [
        *await _invented(ground, history),
        *await _queues(ground, history),
        *await _connections(ground),
        *_memory(ground, base),
    ]


async def _invented(ground: Ground, history: list[Order]) -> list[Breach]:
    """Every session in a ledger was started by somebody."""
    known = [session for order in history for session in order.sessions]
    breaches = []
    for service, schema in SCHEMAS.items():
        if service == ground.layout.hostile:
            continue
        table = "deed" if service in ground.layout.plain else "ledger"
        query = f"SELECT DISTINCT session::text FROM {schema}.{table} WHERE session <> ALL ($1)"  # noqa: S608
        breaches += [
            Breach("I2", row[0], f"{schema} has effects of it, and no client started it")
            for row in await ground.sql(query, known, service=service)
        ]
    return breaches


async def _queues(ground: Ground, history: list[Order]) -> list[Breach]:
    """What is left over of what clients started, given STUCK_S to go. What a peer made up may wait for ever."""
    known = [session for order in history if not order.loose for session in order.sessions]
    counts = {
        (service, f"{service}.{what}"): query.format(service)
        for service in SERVICES
        for what, query in {
            "session, open": "SELECT count(*) FROM {}.session WHERE open AND session::text = ANY ($1)",
            "outbox": "SELECT count(*) FROM {}.outbox WHERE session::text = ANY ($1)",
            "arrival": "SELECT count(*) FROM {}.arrival WHERE NOT early AND session::text = ANY ($1)",
        }.items()
    }
    breaches = []
    for (service, what), query in counts.items():
        try:
            await ground.until(
                lambda query=query, service=service: _none(ground, query, known, service),  # type: ignore[misc]
                what,
                STUCK_S,
            )
        except NotHealed:
            left = await ground.value(query, known, service=service)
            breaches.append(Breach("I7", what, f"{left} rows are left after {STUCK_S:.0f} s"))
    for name in ground.sidecars:
        service = name.partition("-")[0]
        strange = await ground.value(f"SELECT count(*) FROM {service}.session WHERE open", service=service)  # noqa: S608
        _, health = await ground.page(name, "/health")
        if health["sessions"] > strange:
            breaches.append(Breach("I7", name, f"{health['sessions']} sessions in its memory, {strange} are open"))
    return breaches


async def _none(ground: Ground, query: str, known: list[str], service: str) -> bool:
    return not await ground.value(query, known, service=service)


async def _connections(ground: Ground) -> list[Breach]:
    query = "SELECT usename, count(*) AS n FROM pg_stat_activity WHERE usename LIKE ANY ($1) GROUP BY usename"
    breaches = []
    for row in await ground.sql(query, ["%\\_sidecar", "%\\_worker"]):
        kind = row["usename"].rpartition("_")[2]
        most = CONNECTIONS_MAX[kind] * (ground.layout.replicas if kind == "sidecar" else 1)
        if row["n"] > most:
            breaches.append(Breach("I7", row["usename"], f"{row['n']} connections, {most} at most"))
    return breaches


def memory(ground: Ground) -> dict[str, int]:
    """Bytes of memory of each process, by name."""
    return {name: _resident(ground.pid(name)) for name in (*ground.sidecars, *ground.workers)}


def _memory(ground: Ground, base: dict[str, int]) -> list[Breach]:
    return [
        Breach("I7", name, f"grew from {base[name] // 1_000_000} to {now // 1_000_000} MB")
        for name, now in memory(ground).items()
        if now > base[name] + MEMORY_GROWTH_MAX
    ]


def _resident(pid: int) -> int:
    from pathlib import Path

    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def figures(orders: list[Order]) -> dict[str, Any]:
    """How many, and how they ended."""
    outcomes = Counter(order.outcomes[0][1] for order in orders if order.outcomes)
    return {
        "orders": len(orders),
        "settled": outcomes["settled"],
        "ended": outcomes["ended"],
        "errors told": sum(order.refusals for order in orders),
    }
