"""ChoRus tic-tac-toe: two players move in turn on a board both know, until one has won or it is full.
Computes: "X", "O" or "tie"."""

from accompanist import At, Role, choreography, pure, query, share

LINES = ((0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6))
EMPTY = "........."


@pure
def mark(board: str, at: int, player: str) -> str:
    cells = list(board)
    cells[at] = player
    return "".join(cells)


@pure
def winner(board: str) -> str:
    for a, b, c in LINES:
        if board[a] != "." and board[a] == board[b] == board[c]:
            return board[a]
    return "tie" if "." not in board else ""


class Player(Role):
    @query
    def think(self, board: str) -> int: ...


@choreography
def tic_tac_toe(x: Player, o: Player, start: At[str, "x"]) -> At[str, "x", "o"]:
    board = share(start, to=[o])
    while True:
        board = share(mark(board, x.think(board), "X"), to=[o])
        if winner(board):
            break
        board = share(mark(board, o.think(board), "O"), to=[x])
        if winner(board):
            break
    return winner(board)
