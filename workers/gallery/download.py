"""A file that is fetched piece by piece, each of them checked before the next one is asked for.

The client asks for a piece, the server sends it with its digest, the client compares. What arrived damaged is asked for
again, a limited number of times; then the transfer is given up, and what was stored so far is thrown away by
compensation. The server says how many pieces there are, and the client decides each round: the next one, the same one
again, or no more. The server counts along, since it is told the branches, so the number of the piece that is wanted
travels as the branch itself. Crashes of either side are not in the program at all: a session that is recovered goes on
with the piece at which it stood.

Source: the file transfer of Montesi, Introduction to Choreographies (Cambridge University Press, 2023), chapter 6, and
of the sliding-window examples of session types.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accompanist import At, Role, choreography, com, pure, query, transaction


@dataclass(frozen=True)
class Piece:
    text: str
    digest: int


class Client(Role):
    @transaction
    def store(self, number: int, text: str) -> int: ...

    @store.compensation
    def discard(self, number: int, text: str) -> None: ...


class Server(Role):
    @query
    def pieces(self, name: str) -> int: ...

    @query
    def read(self, name: str, number: int, attempt: int) -> Piece: ...


@pure
def intact(piece: Piece) -> bool:
    return sum(piece.text.encode()) == piece.digest


@choreography
def download(client: Client, server: Server, name: At[str, "client"], patience: At[int, "client"]) -> At[int, "client"]:
    file = com(name, to=server)
    pieces = com(server.pieces(file), to=client)
    number, attempt, stored = 0, 1, 0
    while number < pieces:
        piece = com(server.read(file, number, attempt), to=client)
        if intact(piece):
            stored = stored + client.store(number, piece.text)
            number, attempt = number + 1, 1
        elif attempt < patience:
            attempt = attempt + 1
        else:
            client.abort(f"piece {number} does not arrive")
    return stored


def _read(name: str, number: int, attempt: int) -> Piece:
    text = f"{name}{number}"
    damaged = number == 1 and attempt < 3
    return Piece(text, sum(text.encode()) + damaged)


WORKERS: dict[str, Callable[..., Any]] = {
    "server.pieces": lambda name: len(name),
    "server.read": _read,
    "client.store": lambda number, text: len(text),
}
ARGUMENTS: list[dict[str, Any]] = [{"name": "abc", "patience": 3}, {"name": "abc", "patience": 2}]
RESULTS: list[Any] = [12, "undone: piece 1 does not arrive"]
