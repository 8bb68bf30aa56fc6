"""A session of a chat: the user speaks to the server, which posts to the channel, until the user quits."""

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
                text = com(f"line {number}", to=server)
                channel.post(com(f"{name}: {text}", to=channel))
            case Command.WHO:
                com(server.who(com(number, to=server)), to=user)
    return number


WORKERS: dict[str, Callable[..., Any]] = {
    "user.next": lambda number: [Command.SAY, Command.WHO, Command.SAY, Command.QUIT][number - 1],
    "server.who": lambda number: "ann, bob",
    "channel.post": lambda text: len(text),
}
ARGUMENTS: list[dict[str, Any]] = [{"nick": "ann"}]
RESULTS: list[Any] = [4]
