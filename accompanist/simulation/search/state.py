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
"""In place of a session's number: there is none in memory; the sidecar is down."""

Asked = CallWorker | CloseWorker


class Chance(StrEnum):
    """Who makes a move: no one in particular (it will happen), or the adversary, by one of its faults."""

    HELPFUL = "helpful"
    CRASH = "crash"
    LOST = "lost answer"
    DECLINE = "decline"
    DEADLINE = "deadline"
    CANCEL = "cancel"
    LIE = "lie"
    AGAIN = "heard again"
    LATE = "late call"
    WRITE = "caches are written"


class InMemory(StrEnum):
    """What a step does with the messages that a role released early and keeps in memory."""

    KEPT = "kept"
    HANDED = "handed over"
    LOST = "lost"
    STRAY = "stray at once"


class Stale(NamedTuple):
    """A session in the memory of a sidecar that has lost its lease and does not know so (`simulation.search.stale`):
    its number, the messages that it has heard, the calls that it has under way, and whether it knows what its log does
    not."""

    live: int
    heard: frozenset[int]
    asked: frozenset[Asked]
    ahead: bool


class RoleState(NamedTuple):
    """The state of one role. Messages and rows are numbers, see `Post` and `RoleSystem`. For a worker without a fence:
    `open` has the attempts that timed out and whose late answer is still awaited, `doubted` the sites at which an
    attempt's answer was lost. Under early release (`simulation.search.early`): `road` has the messages for this role
    that their senders keep in memory, `stray` those whose sender has crashed; `held` the results that are not in the
    log; `ahead`: something was released that the log does not have; `stale` a session that its owner has lost. `ever`:
    whom the role has sent to since it began, also what no log has any more; None before, and where nobody asks."""

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
    road: frozenset[int] = frozenset()
    stray: frozenset[int] = frozenset()
    held: frozenset[ResultRow] = frozenset()
    ahead: bool = False
    stale: Stale | None = None
    ever: frozenset[str] | None = None


class Transition(NamedTuple):
    """A step of one role: in words, who makes it, the state it leads to, the messages it hands over. `declines`: the
    worker declines a call that it could have executed. `timed`: the step is only that time passes. `road`: the messages
    that it releases early. `memory`: what becomes of those that it released before. `ahead`: those of `sent` that may
    leave before the commit that has them."""

    text: str
    chance: Chance
    to: int
    sent: tuple[int, ...] = ()
    broken: Broken | None = None
    declines: bool = False
    timed: bool = False
    road: tuple[int, ...] = ()
    memory: InMemory = InMemory.KEPT
    ahead: tuple[int, ...] = ()


class Road(NamedTuple):
    """The rules of early release. `kept_until_durable`: a message is kept until the receiver's log has it, not only
    until it was heard. `kept_at_crash`: it is kept when the receiver crashes. `unknown_closed`: an abort for an unknown
    session closes it at the worker. `whole`: a commit has all that its session's log did not have, and hands over what
    is on the road. `strays`: copies outlive their sender. `together`: what is written is written together. `stale`: a
    sidecar may lose its lease and go on, instead of crashing. `refused`: then its commits are refused. `looked_for`:
    what is not early waits until the log has what the session has heard, even if nothing of it has to be stable."""

    kept_until_durable: bool = True
    kept_at_crash: bool = True
    unknown_closed: bool = True
    whole: bool = True
    strays: bool = True
    together: bool = True
    stale: bool = False
    refused: bool = True
    looked_for: bool = True


class Care(NamedTuple):
    """What a sidecar does for a worker without a fence; `simulation.search.plain` explains each part."""

    asked_first: bool = True
    waits: bool = True
    doubts: bool = True


@dataclass(frozen=True, slots=True)
class Rules:
    """The core, and the rules around it. The defaults are Rule 0 (docs/durability.md); each can be switched off.

    `begins`: the kinds of message that begin a session.
    `inbox_swept`: recovery looks at inbox rows without a session. `road`: the rules of early release (`search.early`);
    None: nothing is released early. `released`: the kinds of message that leave the inbox when they are heard, not when
    the session is over. `commit_first`: records are committed before messages leave. `page_rows`: the entries in one
    answer to a close.
    """

    core: type[Session] = Session
    fencing: Fencing = field(default_factory=Fencing)
    care: Care = field(default_factory=Care)
    road: Road | None = None
    begins: frozenset[Kind] = BEGINS
    inbox_swept: bool = True
    released: frozenset[Kind] = frozenset()
    commit_first: bool = True
    page_rows: int = 1


class Post:
    """All messages of a saga, numbered. Messages with the same identity and content have one number."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self.messages: list[Message] = []

    def number(self, message: Message) -> int:
        key = (message.kind, message.site, message.sender, message.receiver, message.payload)
        number = self._numbers.setdefault(key, len(self.messages))
        if number == len(self.messages):
            self.messages.append(message)
        return number
