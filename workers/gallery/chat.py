"""A session of a chat: the user speaks to the server, which posts to the channel, until the user quits.

A loop without a condition of its own: it ends by `break`, in one case of a `match` over an enum. The commands are the
user's; the server and the channel are told of each turn what was chosen, and of the end, also where they have nothing
to do in it: both have begun, so both have to know that they may go on. Each line that is posted can be taken back: if
the session fails later, everything of it disappears from the channel, which is what a transaction in a chat would
mean. The number of a line does not travel: all are told the branches, so all can count.

Source: the relay chat of choral-lang/irc, after RFC 1459, brought down to three commands.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from accompanist import At, Role, choreography, com, query, transaction


class Command(Enum):
    SAY = "say"
    WHO = "who"
    QUIT = "quit"


class User(Role):
    @query
    def next(self, number: int) -> Command: ...


class Server(Role):
    @query
    def who(self, number: int) -> str: ...


class Channel(Role):
    @transaction
    def post(self, text: str) -> int: ...

    @post.compensation
    def unpost(self, text: str) -> None: ...


@choreography
def chat(user: User, server: Server, channel: Channel, nick: At[str, "user"]) -> At[int, "user"]:
    name = com(nick, to=server)
    number = 0
    while True:
        number = number + 1
        command = user.next(number)
        match command:
            case Command.QUIT:
                break
            case Command.SAY:
                channel.post(com(f"{name}: line {number}", to=channel))
            case Command.WHO:
                com(server.who(number), to=user)
    return number


WORKERS: dict[str, Callable[..., Any]] = {
    "user.next": lambda number: [Command.SAY, Command.WHO, Command.SAY, Command.QUIT][number - 1],
    "server.who": lambda number: "ann, bob",
    "channel.post": lambda text: len(text),
}
ARGUMENTS: list[dict[str, Any]] = [{"nick": "ann"}]
RESULTS: list[Any] = [4]
