"""A wrapper of a sidecar's log that injects faults of the connection and the database into every method.

    called ----- delay -----> done in the database ----- delay -----> answered

A request that has left the sidecar cannot be taken back: it is done even if the sidecar has crashed or paused
meanwhile. It carries the sidecar's beliefs (its owner's name, the epochs it holds) from the time of the call, and is
judged by what the database has when it arrives. The sidecar knows of a granted lease when the answer arrives, which may
be never.

Not modelled: transactions that are open for long, and locks.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from accompanist import limits
from accompanist.log.leases import HeldEpochs
from accompanist.log.memory import MemoryLog
from accompanist.runtime.messages import Kind as Message
from accompanist.runtime.ports import Commit, InboxEntry, LeaseLost, LogUnavailable, ResultKind
from accompanist.simulation.clusters.faults import FaultKind
from accompanist.simulation.clusters.loop import Process, for_ever

if TYPE_CHECKING:
    from accompanist.simulation.clusters.cluster import Cluster

_METHODS = [
    name
    for name, _ in inspect.getmembers(MemoryLog, inspect.iscoroutinefunction)
    if not name.startswith("_") and name != "close"
]
_late_s = 6.0


class _Hurt:
    """The state that the generated methods share."""

    def __init__(self, log: MemoryLog, process: Process, service: str, cluster: Cluster) -> None:
        self._log = log
        self._process = process
        self._service = service
        self._cluster = cluster

    @property
    def owner(self) -> str | None:
        """As whom it has asked for leases."""
        return self._log._owner

    def epoch(self, shard: int) -> int | None:
        return self._log.epoch(shard)

    async def close(self) -> None:
        await self._log.close()

    async def _ask(self, name: str, *given: Any, **named: Any) -> Any:
        cluster, faults = self._cluster, self._cluster.faults
        about = about_call(name, given)
        if faults.strike(FaultKind.CRASH_BEFORE, about):
            cluster.crash(self._process)
            await for_ever()
        # the request carries what the sidecar believes now
        asked = MemoryLog.__new__(MemoryLog)
        vars(asked).update(vars(self._log))
        asked._held_epochs = HeldEpochs()
        asked._held_epochs._epochs = self._log._held_epochs._epochs
        if name == "release":
            self._log._held_epochs.hold(())
        answer = cluster.loop.create_future()
        request = _Request(self, name, about, asked, given, named, answer)
        if name == "lease" and self._asks_a_worker() and faults.strike(FaultKind.LEASE_MET):
            request.met = True
            self._process.stop()
            lease_s = limits.lease_ms / 1000
            cluster.loop.later(faults.between(FaultKind.LEASE_MET, lease_s, lease_s + 4.0), request.arrive)
        else:
            cluster.loop.later(cluster.delay_s(), request.arrive)
        value = await answer
        if name == "lease":
            self._log._owner, self._log._held_epochs = asked._owner, asked._held_epochs
        return value

    def _asks_a_worker(self) -> bool:
        """Whether a worker's answer may be on its way to this process."""
        replica = next((one for one in self._cluster.replicas if one.process is self._process), None)
        return replica is not None and not self._process.stopped and replica.calls.in_flight > 0


class _Request:
    """One request under way."""

    def __init__(
        self, hurt: _Hurt, name: str, about: str, asked: MemoryLog, given: Any, named: Any, answer: Any
    ) -> None:
        self._hurt, self._cluster = hurt, hurt._cluster
        self._name, self._about, self._asked = name, about, asked
        self._given, self._named, self._answer = given, named, answer
        self.met = False
        """Whether the caller's process is paused until there is an answer (`LEASE_MET`)."""

    def arrive(self) -> None:
        faults, about = self._cluster.faults, self._about
        if self.met:  # as if another sidecar had its shards meanwhile, and lost them again
            self._cluster.free(self._hurt._service)
        if self._cluster.unreachable(self._hurt._service):
            self._fail("the database cannot be reached")
        elif faults.strike(FaultKind.LOG_REFUSED, about):
            self._fail("refused")
        elif faults.strike(FaultKind.LOG_LATE, about):
            self._cluster.loop.later(faults.between(FaultKind.LOG_LATE, 0.01, _late_s), self._late)
            self._fail("given up")
        elif faults.strike(FaultKind.LOG_LOST, about):
            self._do()
            self._fail("the answer was lost")
        else:
            self._finish(self._do())

    def _late(self) -> None:
        """Do it after all, long after it was given up, if the database is up then."""
        if not self._cluster.unreachable(self._hurt._service):
            outcome = self._do(late=True)
            self._cluster.mark("late write refused" if isinstance(outcome, LeaseLost) else "late write done")

    def _finish(self, outcome: Any) -> None:
        faults, process = self._cluster.faults, self._hurt._process
        if process.alive and faults.strike(FaultKind.CRASH_AFTER, self._about):
            self._cluster.crash(process)
            return
        if self._name == "take" and self._begins(outcome) and faults.strike(FaultKind.TAKE_HELD):
            self._cluster.free(self._hurt._service)
            self._hold_back(outcome, self._cluster.loop.time() + faults.between(FaultKind.TAKE_HELD, 3.0, 8.0))
            return
        slow = faults.strike(FaultKind.LOG_SLOW, self._about)
        seconds = faults.between(FaultKind.LOG_SLOW, 0.05, 4.0) if slow else self._cluster.delay_s()
        self._cluster.loop.later(seconds, self._settle, outcome)

    def _hold_back(self, taken: Sequence[InboxEntry], until: float) -> None:
        """Hold an answer back until the sessions that it calls unknown are over, or until a time at the latest."""
        rows = self._hurt._log.tables.sessions
        keys = [(entry.message.session, entry.message.receiver) for entry in taken]
        over = all(key in rows and rows[key].outcome is not None for key in keys)
        if over or self._cluster.loop.time() > until:
            self._settle(taken)
        else:
            self._cluster.loop.later(0.1, self._hold_back, taken, until)

    @staticmethod
    def _begins(taken: Any) -> bool:
        """Whether a message was taken whose session the log does not have yet."""
        return not isinstance(taken, Exception) and any(not entry.known for entry in taken)

    def _do(self, late: bool = False) -> Any:
        """Do the work, and return its result or the exception that it raised. `late`: the caller has gone on since."""
        method: Callable[..., Any] = getattr(self._asked, self._name)
        judge, writes = self._cluster.judge, self._name == "flush"
        writing = judge.writing(self._hurt._service, self._asked._owner, self._given[0], late) if writes else None
        try:
            # the fake never waits, so one step runs the whole method
            method(*self._given, **self._named).send(None)
        except StopIteration as done:
            value = done.value
        except (LeaseLost, LogUnavailable) as problem:
            self._cluster.log(f"{self._hurt._process.name} {self._about}: {type(problem).__name__}")
            if isinstance(problem, LeaseLost):
                self._cluster.mark("write refused by epoch")
            return problem
        else:
            raise AssertionError(f"{self._name} of the fake waits")
        self._cluster.log(f"{self._hurt._process.name} {self._about}: done")
        if self._name == "lease" and any(lease.epoch > 1 for lease in value[1]):
            self._cluster.mark("taken over")
        if writing is not None:
            judge.committed(writing)
        if self._name == "accept":
            speaker, messages = self._given
            for message, answer in zip(messages, value, strict=True):
                self._cluster.mark(f"relayed {answer.value}")
                if not self._cluster.is_hostile(speaker):
                    self._cluster.delivered(speaker, self._hurt._service, message, answer)
        if self._name == "take" and self._cluster.faults.strike(FaultKind.TAKE_MIXED):
            return self._mixed(value)
        return value

    def _mixed(self, taken: Sequence[InboxEntry]) -> Sequence[InboxEntry]:
        chance = self._cluster.faults.chance(FaultKind.TAKE_MIXED)
        mixed = [entry for entry in taken if chance.random() < 0.8]
        mixed += [entry for entry in mixed if chance.random() < 0.3]
        chance.shuffle(mixed)
        return mixed

    def _fail(self, text: str) -> None:
        self._cluster.loop.later(self._cluster.delay_s(), self._settle, LogUnavailable(text))

    def _settle(self, outcome: Any) -> None:
        if self.met and self._hurt._process.stopped:
            self._hurt._process.go_on()  # everything that came meanwhile runs before the answer
        if self._answer.done():
            return
        if isinstance(outcome, Exception):
            self._answer.set_exception(outcome)
            self._answer.exception()  # mark it as retrieved: the caller may have crashed
        else:
            self._answer.set_result(outcome)


def _method(name: str) -> Any:
    async def method(self: _Hurt, *given: Any, **named: Any) -> Any:
        return await self._ask(name, *given, **named)

    method.__name__ = name
    return method


HurtLog: Any = type("HurtLog", (_Hurt,), {name: _method(name) for name in _METHODS})
"""A log with every method of the port. Its type is Any, because the methods are generated."""


def about_call(name: str, given: Sequence[Any]) -> str:
    """A call of the log in words; `flush` with what it writes."""
    if name != "flush":
        return name
    return f"flush {' '.join(sorted({word for commit in given[0] for word in words_of(commit)}))}"


def words_of(commit: Commit) -> set[str]:
    """The kinds of things that a commit writes, as words."""
    messages = (*commit.messages, *commit.home)
    words = {message.kind.value for message in messages}
    words |= {"mark" if row.kind is ResultKind.COMPENSATE else row.outcome for row in commit.results}
    if commit.session is not None and commit.session.vote is not None:
        words.add(f"vote-{commit.session.vote}")
    if commit.session is not None and commit.session.outcome is not None:
        words.add(commit.session.outcome)
    if any(message.kind is Message.START for message in messages):
        words.add("start")
    return words or {"row"}
