"""Called choreographies with results at several roles, each its own: a key exchange, its results passed on, two values
swapped, one result for two roles, and results that nobody takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, pure, query, share

PRIME = 23
BASE = 5


class Party(Role):
    @query
    def secret(self) -> int: ...

    @query
    def heard(self, key: int) -> int: ...


@pure
def power(base: int, exponent: int) -> int:
    return int(pow(base, exponent, PRIME))


@choreography
def exchange(alice: Party, bob: Party) -> tuple[At[int, "alice"], At[int, "bob"]]:
    mine = alice.secret()
    yours = bob.secret()
    to_bob = com(power(BASE, mine), to=bob)
    to_alice = com(power(BASE, yours), to=alice)
    return power(to_alice, mine), power(to_bob, yours)


@choreography
def agreed(
    one: Party, other: Party, third: Party, n: At[int, "one"]
) -> tuple[At[int, "other"], At[tuple[int, int], "one", "third"], At[str, "one"]]:
    theirs, ours = exchange(other, one)
    told = share((ours, n), to=[third])
    if n > 3:
        return com(n, to=other), told, "large"
    return theirs, told, f"small {ours}"


@choreography
def passed_on(
    one: Party, other: Party, third: Party, n: At[int, "one"]
) -> tuple[At[int, "other"], At[tuple[int, int], "one", "third"], At[str, "one"]]:
    if n == 1:
        return agreed(one, other, third, n + 10)
    return agreed(one, other, third, n)


@choreography
def key_exchange(alice: Party, bob: Party, carol: Party, n: At[int, "alice"]) -> At[str, "alice"]:
    com(n, to=bob)
    at_bob, (shared, number), text = passed_on(alice, bob, carol, n)
    exchange(bob, alice)
    bob.heard(at_bob)
    sum_there = carol.heard(shared + number)
    return f"{text} {com(sum_there, to=alice)}"


WORKERS: dict[str, Callable[..., Any]] = {
    "alice.secret": lambda: 6,
    "bob.secret": lambda: 15,
    "bob.heard": lambda key: key,
    "carol.heard": lambda key: key + 1,
}
ARGUMENTS: list[dict[str, Any]] = [{"n": n} for n in (1, 2, 4)]
