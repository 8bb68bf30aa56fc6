"""The state of a role in the search, and the rules around the core that can be switched off."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from accompanist.runtime.beginning import BEGINS
from accompanist.runtime.burst import CallWorker, CloseWorker
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import ResultRow
from accompanist.runtime.session import Session
from accompanist.simulation.fence import FenceState, Fencing
from accompanist.simulation.search.properties import Broken

NOBODY, DOWN = -1, -2
"""Instead of a session: none in memory; the sidecar is dead."""

Asked = CallWorker | CloseWorker


class Chance(StrEnum):
    """Who makes a move: nobody in particular (it will happen), or the adversary."""

    HELPFUL = "helpful"
    CRASH = "crash"
    LOST = "lost answer"
    DECLINE = "decline"
    DEADLINE = "deadline"
    CANCEL = "cancel"
    LIE = "lie"
    AGAIN = "heard again"
    LATE = "late call"


class RoleState(NamedTuple):
    """Messages and rows are numbers, see `Post` and `RoleSystem`. Of a worker without a fence: `open` are attempts that
    ran out of their time and whose answer is listened for; `doubted` the sites of which an attempt's answer is lost."""

    row: int = -1
    inbox: frozenset[int] = frozenset()
    results: frozenset[ResultRow] = frozenset()
    live: int = NOBODY
    heard: frozenset[int] = frozenset()
    asked: frozenset[Asked] = frozenset()
    late: frozenset[Asked] = frozenset()
    timers: frozenset[str] = frozenset()
    fence: FenceState = FenceState()
    open: frozenset[CallWorker] = frozenset()
    doubted: frozenset[str] = frozenset()


class Transition(NamedTuple):
    """Something that happens: in words, who makes it, the state it leads to, the messages it hands over. `declines`:
    a worker refuses in it what it might have done. `timed`: all that happens is that time passes."""

    text: str
    chance: Chance
    to: int
    sent: tuple[int, ...] = ()
    broken: Broken | None = None
    declines: bool = False
    timed: bool = False


class Care(NamedTuple):
    """What a sidecar does about a worker without a fence; `simulation.search.plain` says it in full."""

    asked_first: bool = True
    waits: bool = True
    doubts: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """What stands around the core, and the core itself. As they are here they are Rule 0 (docs/durability.md); each can
    be switched off.

    `begins`: kinds of message that begin a session. `inbox_swept`: recovery looks at inbox rows without a session.
    `released`: kinds of message that leave the inbox when they are heard, not when the session is over.
    `commit_first`: records are committed before messages leave.
    `page_rows`: entries in one answer to a close.
    """

    core: type[Session] = Session
    fencing: Fencing = field(default_factory=Fencing)
    care: Care = field(default_factory=Care)
    begins: frozenset[Kind] = BEGINS
    inbox_swept: bool = True
    released: frozenset[Kind] = frozenset()
    commit_first: bool = True
    page_rows: int = 1


class Post:
    """All messages of a saga, numbered; the same key with the same content is the same message."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self.messages: list[Message] = []

    def number(self, message: Message) -> int:
        key = (message.kind, message.site, message.sender, message.receiver, message.payload)
        number = self._numbers.setdefault(key, len(self.messages))
        if number == len(self.messages):
            self.messages.append(message)
        return number
