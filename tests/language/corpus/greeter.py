"""The smallest of all: one asks, the other greets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query


class Guest(Role):
    pass


class Host(Role):
    @query
    def greet(self, name: str) -> str: ...


@choreography
def greeter(guest: Guest, host: Host, name: At[str, "guest"]) -> At[str, "guest"]:
    return com(host.greet(com(name, to=host)), to=guest)


WORKERS: dict[str, Callable[..., Any]] = {"host.greet": lambda name: f"Hello, {name}."}
ARGUMENTS: list[dict[str, Any]] = [{"name": "Ann"}]
RESULTS: list[Any] = ["Hello, Ann."]
