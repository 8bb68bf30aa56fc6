"""Choreographies whose loops and branches are decided by what workers answer, by time, and by what is told."""

from __future__ import annotations

from dataclasses import dataclass

from accompanist import At, Role, choreography, com, query, transaction


@dataclass(frozen=True)
class Approval:
    by: str


class Kitchen(Role):
    @query
    def ready(self, table: int) -> bool: ...

    @transaction
    def fire(self, table: int, seat: int) -> int: ...

    @fire.compensation
    def scrap(self, table: int, seat: int) -> None: ...


class Waiter(Role):
    @query
    def clear(self, table: int) -> int: ...

    @transaction
    def serve(self, table: int) -> str: ...


@choreography
def dinner(kitchen: Kitchen, waiter: Waiter, table: At[int, "kitchen"]) -> At[str, "waiter"]:
    """Fire two dishes, look every minute whether they are ready, then serve."""
    kitchen.fire(table, 1)
    kitchen.fire(table, 2)
    while not kitchen.ready(table):
        kitchen.sleep(60)
    return waiter.serve(com(table, to=waiter))


@choreography
def approved(kitchen: Kitchen, table: At[int, "kitchen"]) -> At[float, "kitchen"]:
    """Wait an hour for a word from outside; how long it took."""
    began = kitchen.now()
    answer = kitchen.timeout(kitchen.event("approved", Approval), 3600)
    if not answer.ok:
        kitchen.abort("nobody approved it")
    return kitchen.now() - began


@choreography
def by_chance(kitchen: Kitchen, table: At[int, "kitchen"]) -> At[float, "kitchen"]:
    return kitchen.random()


@choreography
def round_of(kitchen: Kitchen, waiter: Waiter, tables: At[tuple[int, ...], "kitchen"]) -> At[int, "kitchen"]:
    """Serve each table that is named."""
    served = 0
    for table in tables:
        waiter.clear(com(table, to=waiter))
        served = served + 1
    return served


@choreography
def one_then_another(kitchen: Kitchen, table: At[int, "kitchen"]) -> At[str, "kitchen"]:
    """Wait for a word, ask, and wait for another word."""
    first = kitchen.event("first", str)
    ready = kitchen.ready(table)
    second = kitchen.event("second", str)
    third = kitchen.event("third", str)
    return f"{first} {ready} {second} {third}"
