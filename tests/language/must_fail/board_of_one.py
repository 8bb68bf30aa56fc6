"""Tic-tac-toe: the board is one player's, and the other one is asked about it."""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.gallery.tic_tac_toe import Player, over, put


@choreography
def board_of_one(cross: Player, nought: Player, board: At[str, "cross"]) -> At[str, "cross"]:
    while not over(board):
        board = put(board, cross.choose(board), "x")
        place = nought.choose(board)  #! ACC113 nought.choose takes board at nought, but board is at cross
        board = put(board, com(place, to=cross), "o")
    return board
