"""A function that is applied somewhere else, and a list that is mapped by it there.

A choreography that takes another choreography: the caller says what is to be done with one value, and the outer one
sends each value there and brings the result back. In Choral this is an object that implements Function at the client
and does its work at the server. Here it is a parameter of type Callable, for which the name of a choreography is given;
each call is projected for what it was given, so no function travels, and a session's program is known before it starts.
The client below applies two different ones to the same list. The server sees the values one by one, and what it keeps
of them is its worker's business.

Source: the example RemoteFunction of choral-lang/choral; higher-order choreographies in Giallorenzo, Montesi,
Peressotti: Choral: Object-Oriented Choreographic Programming (TOPLAS 2024), section 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query


class Client(Role):
    pass


class Server(Role):
    @query
    def square(self, number: int) -> int: ...

    @query
    def successor(self, number: int) -> int: ...


@choreography
def squared(server: Server, number: At[int, "server"]) -> At[int, "server"]:
    return server.square(number)


@choreography
def next_one(server: Server, number: At[int, "server"]) -> At[int, "server"]:
    return server.successor(number)


@choreography
def mapped(
    client: Client,
    server: Server,
    numbers: At[list[int], "client"],
    function: Callable[[Server, At[int, "server"]], At[int, "server"]],
) -> At[list[int], "client"]:
    made = numbers[:0]
    for number in numbers:
        made = [*made, com(function(server, com(number, to=server)), to=client)]
    return made


@choreography
def remote_function(client: Client, server: Server, numbers: At[list[int], "client"]) -> At[list[int], "client"]:
    return mapped(client, server, mapped(client, server, numbers, squared), next_one)


WORKERS: dict[str, Callable[..., Any]] = {
    "server.square": lambda number: number * number,
    "server.successor": lambda number: number + 1,
}
ARGUMENTS: list[dict[str, Any]] = [{"numbers": [1, 2, 3]}, {"numbers": []}]
RESULTS: list[Any] = [[2, 5, 10], []]
