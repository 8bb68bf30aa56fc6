"""Tic-tac-toe: two players who see one board.

A game in which the turns alternate and either player may end it. Both have to know after each move whether it is over,
and neither may be told by a referee. In most choreographic languages each move is followed by selections that say
"go on" or "stop". Here the board is shared: each player computes from the same board whether somebody has won, so the
loop's guard is known to both, and no message is spent on it. A move travels once, from the one who made it. What a
player thinks before it chooses a place is its worker's business; the rules are a @pure function that both have. A place
that is taken aborts the game, at both.

Source: the games among the examples of HasChor (Shen, Kashiwa, Kuper: Functional Choreographic Programming for All,
ICFP 2023) and of MultiChor (Bates et al., PLDI 2025).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, pure, query, share

LINES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6))


class Player(Role):
    @query
    def choose(self, board: str) -> int: ...


@pure
def won(board: str) -> bool:
    return any(board[a] == board[b] == board[c] != "." for a, b, c in LINES)


@pure
def over(board: str) -> bool:
    return won(board) or "." not in board


@pure
def put(board: str, place: int, mark: str) -> str:
    return board[:place] + mark + board[place + 1 :]


@choreography
def tic_tac_toe(cross: Player, nought: Player, start: At[str, "cross"]) -> At[str, "cross"]:
    board = share(start, to=[nought])
    while not over(board):
        place = share(cross.choose(board), to=[nought])
        board = put(board, place, "x")
        if not over(board):
            place = share(nought.choose(board), to=[cross])
            board = put(board, place, "o")
    return board


def first(board: str) -> int:
    return board.index(".")


def last(board: str) -> int:
    return board.rindex(".")


WORKERS: dict[str, Callable[..., Any]] = {"cross.choose": first, "nought.choose": last}
ARGUMENTS: list[dict[str, Any]] = [{"start": "." * 9}, {"start": "xx......."}, {"start": "xoxoxoox."}]
RESULTS: list[Any] = ["xxx....oo", "xxx......", "xoxoxooxx"]
