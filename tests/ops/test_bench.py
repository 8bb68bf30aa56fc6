"""What the benchmark says of its rounds, and that the floors do what the workers do."""

from __future__ import annotations

import pytest

from ops.bench import counting, report
from ops.bench.client import SHIPPED, UNDONE
from ops.bench.cost import counts
from ops.bench.counting import Statement
from ops.bench.floors.systems import Bare
from ops.bench.floors.transactions import OPERATIONS, install, types
from ops.bench.measuring import FIGURES, Server, Written
from tests.postgres import Cluster
from workers.orders.messages import Parcel, Points, Reservation


def round_of(value: float) -> dict[str, float]:
    return dict.fromkeys(FIGURES, value)


def test_multiples_are_of_the_floor_of_the_same_round() -> None:
    """Reason: the machine is slower in one round than in another, and both systems are."""
    told = report.summary(
        {"bare-rpc": [round_of(1), round_of(10), round_of(2)], "ours": [round_of(4), round_of(30), round_of(6)]}
    )
    assert told["ours"]["sagas/s"] == {"median": 6, "min": 4, "max": 30, "ratio": 3}
    assert "ratio" not in told["ours"]["WAL KiB"]


def test_the_table_has_every_system_and_its_multiples() -> None:
    lines = report.table({"bare-rpc": [round_of(2), round_of(3)], "ours": [round_of(6), round_of(6)]}, 32)
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["bare-rpc", "ours", "ours / bare-rpc"]
    assert "| 2.50 [2.00..3.00] |" in lines[2] and "| 2.50 x |" in lines[4]


def test_flushes_of_an_idle_deployment_are_taken_off() -> None:
    server = Server(None, 0)
    server.idle_flushes_per_s = 3.0
    assert server.flushes(Written(0.0, 100, 0), Written(10.0, 330, 0), 100) == 2.0


def test_who_counts_is_not_counted() -> None:
    statements = counting.Counter(
        {
            Statement("payment_sidecar", True, "SELECT flush()"): 3,
            Statement("payment_sidecar", True, "SELECT pg_notify(channel)"): 2,
            Statement("payment_worker", True, "BEGIN"): 4,
            Statement("payment_owner", False, "INSERT"): 5,
            Statement("postgres", True, "SELECT count(*)"): 100,
        }
    )
    found = counts(counting.Work(statements, 9, 7, counting.Counter({"Heap/INSERT": 60, "XLOG/FPI": 1})), 20, 30)
    assert found == {
        "sidecar statements": 5,
        "worker statements": 4,
        "statements in functions": 5,
        "notifications": 2,
        "commits": 7,
        "messages": 9,
        "WAL bytes": 61,
        "sidecar system calls": 20,
        "worker system calls": 30,
    }


def test_the_floors_know_the_types_of_every_operation() -> None:
    for operation in OPERATIONS:
        types(operation)
    assert types("ship").arguments == tuple[Reservation, Points] and types("ship").reply is Parcel


@pytest.mark.parametrize(("product", "shipped", "left"), [(SHIPPED, 1, 1), (UNDONE, 0, 0)])
async def test_a_floor_does_all_of_an_order_or_nothing(cluster: Cluster, product: str, shipped: int, left: int) -> None:
    with cluster.database(migrated=False) as database:
        await install(database.dsn())
        floor = await Bare.open(database.dsn())
        try:
            assert await floor.order(1, product) > 0
            assert await _count(floor, "warehouse", "parcel") == shipped
            assert await _count(floor, "payment", "payment WHERE NOT refunded") == left
            assert await _count(floor, "loyalty", "award WHERE NOT revoked") == left
            assert await _count(floor, "warehouse", "reservation WHERE state = 'released'") == 1 - left
        finally:
            await floor.close()


async def _count(floor: Bare, service: str, rows: str) -> int:
    count: int = await floor._pools[service].fetchval(f"SELECT count(*) FROM {rows}")  # noqa: S608 (names of ours)
    return count
