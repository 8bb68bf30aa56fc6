"""Single sign-on: the client may try three times; the service is told only how it ends.

The client and the authority go through a loop together: a password is sent, judged, and either good or to be asked
for again. The client decides when it is over, and the authority is told each time. The service takes no part in the
loop, learns of nothing in it, and is not even started before: it hears at the end how many tries it took, and in
which branch it is. That is what the language means by idle roles, and what a selection that is sent to all would
spoil. A client that crashes between two tries goes on with the next one, and the tries that were made are counted,
since the counter is computed from what is recorded.

Source: the single sign-on of Choral (TOPLAS 2024, section 2.4), and the OpenID scenario of Carbone and Montesi.
"""

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
