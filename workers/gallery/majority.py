"""Reading from a majority of replicas: what two of three say is the answer.

A reader asks all three replicas, which may hold an old value, and takes what most of them hold, with the highest
version if no two agree. A loop over the replicas, which stand there by name, is written out for each of them; the
answers meet at the reader. Then whoever is behind is repaired: only a replica that is, is sent the value, in a branch
that the others take no part in, and the repair is a transaction that can be undone. Nobody waits for a replica that has
nothing to do. In a quorum system of unknown size the replicas would be rows of one service; here each is a service.

Source: Gifford, Weighted Voting for Replicated Data (SOSP 1979); as a choreography among the key-value stores of
HasChor (ICFP 2023) and ChoRus.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accompanist import At, Role, choreography, com, pure, query, transaction


@dataclass(frozen=True)
class Held:
    version: int
    value: str


class Reader(Role):
    pass


class Replica(Role):
    @query
    def read(self, key: str) -> Held: ...

    @transaction
    def repair(self, key: str, held: Held) -> int: ...

    @repair.compensation
    def forget(self, key: str, held: Held) -> None: ...


@pure
def newest(held: list[Held]) -> Held:
    return max(held, key=lambda one: one.version)


@choreography
def majority(reader: Reader, one: Replica, two: Replica, three: Replica, key: At[str, "reader"]) -> At[str, "reader"]:
    read = [com(one.read(com(key, to=one)), to=reader)]
    for replica in (two, three):
        read = [*read, com(replica.read(com(key, to=replica)), to=reader)]
    best = newest(read)
    for number, replica in enumerate((one, two, three)):
        if read[number].version < best.version:
            replica.repair(com(key, to=replica), com(best, to=replica))
    return best.value


WORKERS: dict[str, Callable[..., Any]] = {
    "one.read": lambda key: Held(2, "new"),
    "two.read": lambda key: Held(1, "old"),
    "three.read": lambda key: Held(2, "new"),
    **{f"{name}.repair": lambda key, held: held.version for name in ("one", "two", "three")},
}
ARGUMENTS: list[dict[str, Any]] = [{"key": "k"}]
RESULTS: list[Any] = ["new"]
