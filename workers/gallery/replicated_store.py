"""A replicated key-value store: the primary answers a put when the backup has it too.

A client sends requests one by one; the primary looks at each, and only it decides whether the backup has anything to
do. A read is answered at once. A write goes to the backup first, whose answer the primary waits for before it writes
itself: that is the order of the protocol, and it is there because the primary's write takes the backup's answer. The
client is told nothing of that branch: it waits for the answer in either case. If the primary's write fails, the
backup's is undone, which a replication protocol without sagas would have to repair by hand.

Source: the key-value stores of HasChor (ICFP 2023) and of Kuper et al.'s tutorials; primary-backup replication after
Alsberg, Day (1976).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, transaction


class Store(Role):
    @transaction
    def put(self, key: str, value: int) -> int: ...

    @put.compensation
    def unput(self, key: str, value: int) -> None: ...

    @query
    def get(self, key: str) -> int: ...


class Client(Role):
    pass


@choreography
def replicated_store(
    client: Client, primary: Store, backup: Store, keys: At[list[str], "client"]
) -> At[list[int], "client"]:
    answers = [0][:0]
    for key in keys:
        wanted = com(key, to=primary)
        match wanted:
            case "size" | "count" as name:
                answer = primary.get(name)
            case _:
                value = len(wanted)
                copied = backup.put(com(wanted, to=backup), com(value, to=backup))
                answer = primary.put(wanted, com(copied, to=primary))
        answers = [*answers, com(answer, to=client)]
    return answers


WORKERS: dict[str, Callable[..., Any]] = {
    "primary.put": lambda key, value: value * 2,
    "primary.get": lambda key: 42,
    "backup.put": lambda key, value: value + 1,
}
ARGUMENTS: list[dict[str, Any]] = [{"keys": []}, {"keys": ["a", "size", "bcd"]}, {"keys": ["count"]}]
RESULTS: list[Any] = [[], [4, 42, 8], [42]]
