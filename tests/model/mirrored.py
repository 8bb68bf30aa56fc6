"""The two logs that searches and seeded worlds are written with, each beside the log in memory that the sidecar's tests
use: what one commits, hands over and loses in a crash, the other is asked to do, too.

`Mirror` is the log in memory, one for each role, as sidecars would use it. `Walk` takes one run of a search at random,
`MirroredWorld` is a seeded world. Both drive the real session cores, so they write what a sidecar writes.

Not compared: the queue (`take`), leases, the outbox; of a session that is over, all but its row; roles whose workers
have no fence.
"""

from __future__ import annotations

import random
from collections.abc import Coroutine, Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from uuid import UUID

from accompanist.limits import shards_count
from accompanist.log.memory import MemoryDatabase, MemoryLog
from accompanist.runtime.burst import Burst
from accompanist.runtime.messages import Message, shard_of
from accompanist.runtime.ports import Commit, Memory, SessionRow
from accompanist.runtime.saga import FINAL
from accompanist.simulation.search.explore import Explorer
from accompanist.simulation.search.role import RoleSystem
from accompanist.simulation.search.session import Stepped, plain, row_key
from accompanist.simulation.search.state import Chance, RoleState, Transition
from accompanist.simulation.search.world import World

T = TypeVar("T")
CALM = 0.9
"""How likely a step is helpful for sure, 0 to 1: where every move is as likely, all faults come at the beginning."""


class Mirror:
    """The log in memory of a session's roles, each a service of its own."""

    def __init__(self, roles: Iterable[str], session: UUID) -> None:
        self._session, self._shard = session, shard_of(session, shards_count)
        self._database = MemoryDatabase(roles, clock=lambda: 0.0)
        self._logs: dict[str, MemoryLog] = {}
        for role in self._database.services:
            self.crash(role)

    def crash(self, role: str) -> None:
        """Throw the sidecar's view away; the next one has only what is in the tables."""
        self._logs[role] = MemoryLog(self._database, role)
        done(self._logs[role].lease(role, shards_count))

    def client(self, message: Message) -> None:
        """A client, or the world, hands a message to the receiver's service."""
        done(self._logs[message.receiver].flush([Commit(shard=None, messages=(message,))]))

    def burst(self, role: str, burst: Burst) -> None:
        parts = {"results": burst.results, "messages": burst.messages, "timers": burst.timers}
        self.commit(role, session=burst.row, **parts)

    def commit(self, role: str, **parts: Any) -> None:
        done(self._logs[role].flush([Commit(shard=self._shard, **parts)]))

    def load(self, role: str) -> Memory:
        [memory] = done(self._logs[role].load([(self._session, role)]))
        return memory


def done(work: Coroutine[Any, Any, T]) -> T:
    """The answer of a call that does not wait."""
    try:
        work.send(None)
    except StopIteration as ended:
        answer: T = ended.value
        return answer
    raise AssertionError("the log in memory waits for nothing")


def loaded(memory: Memory) -> Hashable:
    """What a sidecar reads of its session: the row, the inbox, the results and the timers; of one that is over only the
    row."""
    row = None if memory.session is None else row_key(plain(memory.session))
    if memory.session is not None and memory.session.phase in FINAL:
        return row
    inbox = frozenset((one.kind, one.site, one.sender, one.payload) for one in memory.inbox)
    return row, inbox, frozenset(memory.results), frozenset(memory.timers)


class WatchedRole(RoleSystem):
    """A role of a search that tells which bursts a move commits."""

    def __init__(self, *given: Any) -> None:
        self._committed: tuple[Burst, ...] = ()
        self.bursts: dict[tuple[RoleState, Transition], tuple[Burst, ...]] = {}
        super().__init__(*given)

    def _happens(self, state: RoleState) -> Iterator[Transition]:
        for move in super()._happens(state):
            self.bursts[state, move], self._committed = self._committed, ()
            yield move

    def _carried(self, to: RoleState, stepped: Stepped, text: str, chance: Chance) -> Transition:
        self._committed = tuple(burst for burst in stepped.bursts if burst.forced)
        return super()._carried(to, stepped, text, chance)

    def memory(self, at: int) -> Memory:
        """What the search takes for the role's log."""
        state = self.state(at)
        inbox = tuple(self._post.messages[number] for number in state.inbox)
        return Memory(session=self.row(at), inbox=inbox, results=tuple(state.results), timers=tuple(state.timers))


class Walk:
    """One run of a search, each move chosen by the seed, with its mirror."""

    def __init__(self, searched: Explorer, seed: int, kind: type[WatchedRole] = WatchedRole) -> None:
        searched = replace(searched, reduced=False)
        self._searched, self._chance = searched, random.Random(seed)
        self.roles = [
            kind(program, searched.workers[role], searched.rules, searched.post)
            for role, program in searched.programs.items()
        ]
        searched.roles = list(self.roles)
        self.mirror = Mirror(searched.programs, searched.header.session)
        start = next(number for number, one in enumerate(searched.post.messages) if one.payload == searched.arguments)
        self.state = searched.deliver((*(role.first for role in self.roles), 0), (start,))
        self.mirror.client(searched.post.messages[start])

    def step(self) -> str:
        """Make one move, and say which; empty if there is none."""
        # by their words: sets, whose order is another in each process, give them in any order
        moves = sorted(self._searched.moves(self.state), key=lambda one: (one[0], one[1].text, one[1].chance))
        if not moves:
            return ""
        sooner = [one for one in moves if one[1].chance is Chance.HELPFUL]
        calm = sooner and self._chance.random() < CALM
        place, move, left = self._chance.choice(sooner if calm else moves)
        before, self.state = self.state, self._searched.after(self.state, place, move, left)
        self._write(self.roles[place], before[place], move)
        return move.text

    def _write(self, role: WatchedRole, at: int, move: Transition) -> None:
        messages = tuple(self._searched.post.messages[number] for number in move.sent)
        bursts = role.bursts.get((role.state(at), move))
        if bursts is None:  # not the role's own: something from outside
            for message in messages:
                self.mirror.client(message)
        for burst in bursts or ():
            self.mirror.burst(role.name, burst)
        row: SessionRow | None = role.row(move.to)
        if bursts == () and row is not None and (messages or row is not role.row(at)):
            self.mirror.commit(role.name, session=row, messages=messages)
        if move.chance is Chance.CRASH:
            self.mirror.crash(role.name)

    def differences(self) -> Mapping[str, tuple[Hashable, Hashable]]:
        """By role: what the search takes for its log, and what the log in memory has; only where they differ."""
        both = {
            role.name: (loaded(role.memory(at)), loaded(self.mirror.load(role.name)))
            for role, at in zip(self.roles, self.state, strict=False)
        }
        return {role: (one, other) for role, (one, other) in both.items() if one != other}


class MirroredWorld(World):
    """A seeded world, with its mirror."""

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.mirror = Mirror(self.programs, self.header.session)
        self._burst: Burst | None = None
        self._rows: dict[str, SessionRow | None] = {}

    def step(self) -> None:
        super().step()
        for role, disk in self.disks.items():
            if disk.row is not None and disk.row is not self._rows.get(role):  # a row that only caches the inbox
                self._rows[role] = disk.row
                self.mirror.commit(role, session=disk.row)

    def _post(self, message: Message) -> None:
        if self._burst is None:
            self.mirror.client(message)
        super()._post(message)

    def _carry(self, role: str, burst: Burst) -> bool:
        self._burst = burst
        went_on = super()._carry(role, burst)
        self._burst = None
        return went_on

    def _dies(self, role: str, when: str) -> bool:
        if when == "after commit" and self._burst is not None and self._burst.forced:
            self._rows[role] = self._burst.row
            self.mirror.burst(role, self._burst)
        if died := super()._dies(role, when):
            self.mirror.crash(role)
        return died

    def differences(self) -> Mapping[str, tuple[Hashable, Hashable]]:
        both = {role: (loaded(disk.memory()), loaded(self.mirror.load(role))) for role, disk in self.disks.items()}
        return {role: (one, other) for role, (one, other) in both.items() if one != other}
