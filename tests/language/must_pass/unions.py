"""A key-value store: requests and answers are unions of messages, alone, in tuples and in fields of others. Which one
it is says a field of one text in a dataclass, a tag in a Struct."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from accompanist import At, Role, choreography, com, query, share, transaction


@dataclass(frozen=True)
class Put:
    key: str
    value: int
    kind: Literal["put"] = "put"


@dataclass(frozen=True)
class Get:
    key: str
    kind: Literal["get"] = "get"


@dataclass(frozen=True)
class Batch:
    parts: tuple[Put | Get, ...]
    last: Put | Get | None = None
    kind: Literal["batch"] = "batch"


class Found(msgspec.Struct, frozen=True, tag="found"):
    value: int


class Missing(msgspec.Struct, frozen=True, tag="missing"):
    key: str


Request = Put | Get | Batch
Answer = Found | Missing


class Client(Role):
    @query
    def told(self, answer: Answer | None) -> int: ...


class Store(Role):
    @transaction
    def put(self, request: Put) -> None: ...

    @put.compensation
    def forget(self, request: Put) -> None: ...

    @query
    def get(self, key: str) -> Answer: ...


@choreography
def unions(
    client: Client, store: Store, backup: Store, request: At[Request, "client"]
) -> At[tuple[Answer, ...], "client"]:
    asked = share(request, to=[store])
    answers: tuple[Answer, ...] = ()
    match asked:
        case Put(key=key) as put:
            store.put(put)
            copied = com(put, to=backup)
            backup.put(copied)
            answers = (Missing(key) if put.value < 0 else Found(put.value),)
        case Get(key):
            answer = store.get(key)
            answers = (com(answer, to=client),)
        case Batch(parts, last):
            for part in parts:
                if isinstance(part, Put) and part.value > 0:
                    store.put(part)
                    backup.put(com(part, to=backup))
                elif part.kind == "get":
                    answers = (*answers, com(store.get(part.key), to=client))
            if last is not None:
                count = client.told(answers[0] if answers else None)
                answers = (*answers, Found(count))
    return answers


def _get(key: str) -> Any:
    return Found(len(key)) if len(key) > 1 else Missing(key)


WORKERS: dict[str, Callable[..., Any]] = {
    "client.told": lambda answer: -1 if answer is None else 7 if isinstance(answer, Found) else 8,
    "store.put": lambda request: None,
    "backup.put": lambda request: None,
    "store.get": _get,
}
ARGUMENTS: list[dict[str, Any]] = [
    {"request": request}
    for request in (
        Put("a", 1),
        Get("ab"),
        Get("a"),
        Batch((), Get("a")),
        Batch((Put("a", 1), Get("b"), Put("c", 0), Get("cc"))),
        Batch((Get("dd"),), Put("d", 4)),
        Batch((Get("d"),), Get("d")),
    )
]
