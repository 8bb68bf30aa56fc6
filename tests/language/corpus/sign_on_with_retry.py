"""Single sign-on: the client may try three times; the service is told only how it ends, the authority each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query


class Client(Role):
    @query
    def password(self, attempt: int) -> str: ...


class Authority(Role):
    @query
    def check(self, password: str) -> bool: ...


class Service(Role):
    @query
    def welcome(self, tries: int) -> str: ...

    @query
    def log_refusal(self, tries: int) -> int: ...


@choreography
def sign_on_with_retry(
    client: Client, authority: Authority, service: Service, first: At[int, "client"]
) -> At[str, "client"]:
    tries = first
    entered = False
    while not entered and tries < 3:
        tries = tries + 1
        entered = com(authority.check(com(client.password(tries), to=authority)), to=client)
    count = com(tries, to=service)
    if entered:
        return com(service.welcome(count), to=client)
    service.log_refusal(count)
    return "locked"


WORKERS: dict[str, Callable[..., Any]] = {
    "client.password": lambda attempt: f"p{attempt}",
    "authority.check": lambda password: password == "p2",
    "service.welcome": lambda tries: f"welcome after {tries}",
    "service.log_refusal": lambda tries: tries,
}
ARGUMENTS: list[dict[str, Any]] = [{"first": 0}, {"first": 2}, {"first": 1}]
RESULTS: list[Any] = ["welcome after 2", "locked", "welcome after 2"]
