"""The smallest of all: one asks, the other greets.

Two roles, one operation, two messages. The guest has a name and nothing else to offer, so its class has no
operations; its sidecar starts the session and has no worker to ask. The host's worker is asked for a greeting, by a
query: it has no effect, may be repeated, and needs no compensation. There is nothing that could not be undone and no
decision, so the guest settles the session when it has heard of the host's end. Whoever reads the projections of one
program only should read those of this one: two lines at the host, three at the guest.

Source: HelloRoles of Choral's documentation (choral-lang.org), with an answer.
"""

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
