"""A lottery whose number nobody could choose: everybody commits before anybody opens.

Two servers draw the winner together. Each draws a number and a salt, and tells the other only a digest of both; when it
has the other's digest, it opens. If what is opened does not fit the digest, the saga is aborted, at all. The winner is
the sum of the two numbers: as long as one of the servers is honest, neither could steer it. The tickets stay at the
clients; only the winner's is sent. The order in which the three steps happen is the point of the protocol, and it is
there because of data alone: a server's number is shared on a line behind that on which the other's digest arrived.

Source: the lottery of Bates, Shen, Kuper, et al., Efficient, Portable, Census-Polymorphic Choreographic Programming
(PLDI 2025), after Blum, Coin Flipping by Telephone (1981).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, pure, query, share


class Client(Role):
    @query
    def ticket(self, draw: str) -> str: ...


class Server(Role):
    @query
    def number(self, draw: str) -> int: ...

    @query
    def salt(self, draw: str) -> int: ...


@pure
def bound(number: int, salt: int) -> int:
    """Stands for a cryptographic hash."""
    return (number * 2654435761 + salt * 40503) % 4294967291


@choreography
def lottery(one: Server, two: Server, ann: Client, bob: Client, draw: At[str, "one"]) -> At[str, "one"]:
    name = share(draw, to=[two])
    mine, my_salt = one.number(name), one.salt(name)
    yours, your_salt = two.number(name), two.salt(name)
    my_digest = share(bound(mine, my_salt), to=[two])
    your_digest = share(bound(yours, your_salt), to=[one])
    first, first_salt = share(mine, to=[two]), share(my_salt, to=[two])
    second, second_salt = share(yours, to=[one]), share(your_salt, to=[one])
    if bound(first, first_salt) != my_digest:
        two.abort("one has cheated")
    if bound(second, second_salt) != your_digest:
        one.abort("two has cheated")
    if (first + second) % 2 == 0:
        return com(ann.ticket(com(name, to=ann)), to=one)
    return com(bob.ticket(com(name, to=bob)), to=one)


WORKERS: dict[str, Callable[..., Any]] = {
    "one.number": lambda draw: len(draw),
    "one.salt": lambda draw: 17,
    "two.number": lambda draw: 5,
    "two.salt": lambda draw: 23,
    "ann.ticket": lambda draw: "ann's",
    "bob.ticket": lambda draw: "bob's",
}
ARGUMENTS: list[dict[str, Any]] = [{"draw": "May"}, {"draw": "June"}]
RESULTS: list[Any] = ["ann's", "bob's"]
