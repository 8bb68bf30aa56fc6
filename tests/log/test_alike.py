"""The fake is verified: it gives the same answers as Postgres to any sequence of requests.

A seed makes a list of steps by three services over a few sessions, so that duplicates, clashes, full inboxes, stubs,
lost leases and messages between roles of one service combine. Each step's answer, and at the end all tables, are
compared.
"""

from __future__ import annotations

import json
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid5

import msgspec
import pytest

from accompanist.limits import shards_count
from accompanist.log.story import Story
from accompanist.runtime.control import event
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.operator_identity import Operator
from accompanist.runtime.ports import (
    Commit,
    InboxEntry,
    LeaseLost,
    Parked,
    Phase,
    QuotaLimits,
    ResultKind,
    SessionFilter,
    SessionRow,
)
from tests.log.letters import BINDINGS, burst, header, message, result, row, start, timer
from tests.log.worlds import AnyLog, MemoryWorld, PostgresWorld, World

STEPS = 120
LONG_S = 10_000  # beyond every lease and back-off, and far beyond what a test takes
SEARCHES = (
    SessionFilter(),
    SessionFilter(open=True, waiting="work"),
    SessionFilter(retrying=True, phase=Phase.RUNNING),
    SessionFilter(parked=False, role="stock"),
    SessionFilter(outcome="settled", choreography="fulfil_order"),
    SessionFilter(idle_s=LONG_S / 2),
    SessionFilter(older_s=LONG_S),
)
ROLES = {"warehouse": ["warehouse", "stock"], "payment": ["payment"], "loyalty": ["loyalty"]}
Step = Callable[["Run"], Awaitable[Any]]


class Run:
    """One world, with two sidecars of each service that contend for its shards."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sidecars: dict[tuple[str, int], AnyLog] = {}
        self.taken: dict[tuple[str, int], Sequence[InboxEntry]] = {}

    async def sidecar(self, service: str, number: int) -> AnyLog:
        if (service, number) not in self.sidecars:
            self.sidecars[service, number] = await self.world.sidecar(service)
        return self.sidecars[service, number]


class Script:
    """Steps drawn from a seed."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        ids = [UUID(int=self.chance.getrandbits(128), version=4) for _ in range(4)]
        self.headers = [header(found, started_at=float(at)) for at, found in enumerate(ids)]

    def steps(self) -> list[Step]:
        made = [self._lease(service, 0) for service in ROLES]
        kinds = [self._flush] * 10 + [self._take] * 4 + [self._resend, self._load, self._unfinished, self._start]
        kinds += [self._due, self._due, self._move, self._event, self._event]
        kinds += [self._expire, self._release, self._bound, self._stub, self._collect, self._forget, self._order]
        kinds += [self._request, self._request, self._lighten]
        while len(made) < STEPS:
            service, number = self.chance.choice(list(ROLES)), int(self.chance.random() < 0.15)
            kind = self.chance.choice([*kinds, self._lease])
            made.append(kind(service, number))
        return made

    def _message(self, of: Header, service: str, receivers: list[str]) -> Message:
        return message(
            of,
            self.chance.choice("12"),
            self.chance.choice(receivers),
            sender=self.chance.choice([*ROLES[service] * 4, *BINDINGS]),
            kind=self.chance.choice([*[Kind.DATA] * 4, *[Kind.CHOICE] * 2, *[Kind.ABORT] * 2, *Kind]),
            payload=self.chance.choice([b"1", b"1", b"1", b"2"]),
        )

    def _burst(self, service: str) -> Commit:
        chance, of = self.chance, self.chance.choice(self.headers)
        role, others = chance.choice(ROLES[service]), [name for name in BINDINGS if name not in ROLES[service]]
        written = row(
            of,
            role,
            phase=chance.choice(
                [Phase.RUNNING, Phase.RUNNING, Phase.RUNNING, Phase.DONE, Phase.SETTLED, Phase.UNDOING]
            ),
            vote=chance.choice([None, "done", "abort"]),
            outcome=chance.choice([None, None, None, "settled", "ended"]),
            reason=chance.choice([None, "a", "b"]),
            result=chance.choice([None, b"1", b"2"]),
            waiting=chance.choice(["", "x", "a Worker"]),
            parked=chance.choice([None, None, Parked("ACC901", "stuck")]),
            retrying=chance.choice([0, 3]),
        )
        asked = chance.choice(["reserve", "role.sleep", "role.timeout.paid"])
        answer = result(of, "1", role=role, kind=chance.choice(list(ResultKind)), value=chance.choice([b"1", b"2"]))
        answer = msgspec.structs.replace(answer, operation=asked)
        waits = timer(of, chance.choice("12"), chance.choice([0.0, LONG_S, 10 * LONG_S]), role=role)
        return burst(
            of,
            turn=chance.choice([0, 1, 1, 2, 3]),
            session=written if chance.random() < 0.6 else None,
            results=(answer,) if chance.random() < 0.3 else (),
            timers=(waits,) if chance.random() < 0.4 else (),
            messages=tuple(self._message(of, service, others) for _ in range(chance.randrange(3))),
            home=tuple(self._message(of, service, ROLES[service]) for _ in range(chance.randrange(2))),
        )

    def _flush(self, service: str, number: int) -> Step:
        commits = [self._burst(service) for _ in range(self.chance.randrange(1, 4))]
        return self._flushing(service, number, commits)

    def _start(self, service: str, number: int) -> Step:
        return self._flushing("warehouse", number, [start(self.chance.choice(self.headers))])

    def _flushing(self, service: str, number: int, commits: list[Commit]) -> Step:
        async def step(run: Run) -> Any:
            try:
                return await (await run.sidecar(service, number)).flush(commits)
            except LeaseLost as lost:
                return set(lost.shards)

        return step

    def _take(self, service: str, number: int) -> Step:
        acknowledges = self.chance.random() < 0.8

        async def step(run: Run) -> Any:
            done = run.taken.get((service, number), ()) if acknowledges else ()
            taken = run.taken[service, number] = await (await run.sidecar(service, number)).take(100, done)
            # by key: one that came again after its session was forgotten may have two rows in the queue
            return {entry.message.key: (entry.message, entry.sender_service, entry.known) for entry in taken}

        return step

    def _lease(self, service: str, number: int) -> Step:
        async def step(run: Run) -> Any:
            log = await run.sidecar(service, number)
            held, new, pending, sidecars = await log.lease(f"{service}-{number}", shards_count)
            return held, new, pending.arrived, _roughly(pending.timer_s), sidecars

        return step

    def _release(self, service: str, number: int) -> Step:
        async def step(run: Run) -> Any:
            return await (await run.sidecar(service, number)).release(f"{service}-{number}")

        return step

    def _resend(self, service: str, number: int) -> Step:
        async def step(run: Run) -> Any:
            await run.world.pass_time(LONG_S)  # so that all of it is due in both worlds
            return await (await run.sidecar(service, number)).resend(100)

        return step

    def _unfinished(self, service: str, number: int) -> Step:
        async def step(run: Run) -> Any:
            return set(await (await run.sidecar(service, number)).unfinished(range(shards_count)))

        return step

    def _load(self, service: str, number: int) -> Step:
        keys = [(of.session, role) for of in self.headers for role in ROLES[service]]

        async def step(run: Run) -> Any:
            memories = await (await run.sidecar(service, number)).load(keys)
            return [
                (
                    None if memory.session is None else _timeless(memory.session),
                    {m.key: m for m in memory.inbox},
                    {(r.site, r.kind): r for r in memory.results},
                    set(memory.timers),
                )
                for memory in memories
            ]

        return step

    def _expire(self, service: str, number: int) -> Step:
        return lambda run: run.world.expire(service)

    def _bound(self, service: str, number: int) -> Step:
        rows, few = self.chance.choice([0, 2, 1_000, 1_000]), self.chance.choice([1, 3, 1_000, 1_000])

        async def step(run: Run) -> Any:
            await run.world.bound(service, rows)
            return await (await run.sidecar(service, 0)).crowd(
                QuotaLimits(sessions=rows or 1, waiting=few, undoing=few)
            )

        return step

    def _stub(self, service: str, number: int) -> Step:
        of, role = self.chance.choice(self.headers), self.chance.choice(ROLES[service])
        return lambda run: run.world.collect(service, of.session, role)

    def _collect(self, service: str, number: int) -> Step:
        later = self.chance.random() < 0.5

        async def step(run: Run) -> Any:
            if later:
                await run.world.pass_time(LONG_S)
            log = await run.sidecar(service, number)
            await log.lease(f"{service}-{number}", shards_count)
            return await log.collect(LONG_S * 500, 100)

        return step

    def _lighten(self, service: str, number: int) -> Step:
        async def step(run: Run) -> Any:
            log = await run.sidecar(service, number)
            await log.lease(f"{service}-{number}", shards_count)
            return (await log.lighten(LONG_S * 500, 100))[0]

        return step

    def _forget(self, service: str, number: int) -> Step:
        done = self.chance.sample(self.headers, 2) if self.chance.random() < 0.5 else []

        async def step(run: Run) -> Any:
            log = await run.sidecar(service, number)
            return set(await log.forget(LONG_S * 500, 100, [of.session for of in done]))

        return step

    def _due(self, service: str, number: int) -> Step:
        later = self.chance.random() < 0.3

        async def step(run: Run) -> Any:
            if later:
                await run.world.pass_time(LONG_S)
            due = await (await run.sidecar(service, number)).due(100)
            return set(due.timers), _roughly(due.next_s)

        return step

    def _move(self, service: str, number: int) -> Step:
        of, role = self.chance.choice(self.headers), self.chance.choice(ROLES[service])

        async def step(run: Run) -> Any:
            return await (await run.sidecar(service, number)).move_timer(
                of.session, role, "1", None, Operator(claimed="ann"), ""
            )

        return step

    def _event(self, service: str, number: int) -> Step:
        of, role = self.chance.choice(self.headers), self.chance.choice(ROLES[service])
        name, payload = self.chance.choice(["paid", "seen"]), self.chance.choice([b"1", b"1", b"2"])
        told = event(of.session, role, service, name, payload, 0.0)
        fenced = burst(of, home=(told,)) if self.chance.random() < 0.5 else Commit(shard=None, messages=(told,))
        return self._flushing(service, number, [fenced])

    def _order(self, service: str, number: int) -> Step:
        """A person's verb is audited by the commit that takes it."""
        of, why = self.chance.choice(self.headers), self.chance.choice(["", 'because \x00 \ud7ff "'])
        role = self.chance.choice(ROLES[service])
        payload = json.dumps({"verb": "skip", "who": "ann", "why": why}).encode()
        order = message(of, "!operator/1", role, sender="", kind=Kind.OPERATOR, payload=payload)
        fenced = burst(of, home=(order,)) if self.chance.random() < 0.5 else Commit(shard=None, messages=(order,))
        return self._flushing(service, number, [fenced])

    def _request(self, service: str, number: int) -> Step:
        of, fresh = self.chance.choice(self.headers), UUID(int=self.chance.getrandbits(128), version=4)
        name = self.chance.choice([of.session, uuid5(of.session, "key")])
        digest = self.chance.choice([b"1", b"2"])

        async def step(run: Run) -> Any:
            log = await run.sidecar(service, number)
            made = await log.request(name, fresh, "orders", digest)
            return made, await log.requested(name), (await log.stub(of.session, "warehouse")) is None

        return step


async def held(run: Run, script: Script) -> list[Any]:
    """Everything, for the eye of a test: no times, no order among equals."""
    found: list[Any] = []
    for service in ROLES:
        log = await run.sidecar(service, 0)
        found.append([await script._load(service, 0)(run), await script._unfinished(service, 0)(run)])
        found.append([told(await log.show(of.session)) for of in script.headers])
        found.append([(audit.session, audit.why) for audit in await log.audits()])
        found.append({(t.session, t.role, t.site, t.operation, t.choreography) for t in await log.timers()})
        found.append({(e.session, e.role, e.name, e.early) for e in await log.events()})
        found.append(await log.early_events())
        for search in SEARCHES:
            lines = await log.summaries(search)
            found.append(
                [(s.session, s.role, s.phase, s.outcome, s.reason, s.retrying, s.due_at is None) for s in lines]
            )
    return found


def _timeless(row: SessionRow) -> SessionRow:
    return msgspec.structs.replace(row, let_go_at=None if row.let_go_at is None else 0.0)


def told(story: Story | None) -> Any:
    if story is None:
        return None
    messages = {(m.place, m.site, m.kind, m.sender, m.receiver, m.payload, m.service, m.answer) for m in story.messages}
    audits = [(audit.role, audit.verb, audit.claimed, audit.why) for audit in story.audits]
    timers = {(timer.role, timer.site) for timer in story.timers}
    return (
        [_timeless(one) for one in story.rows],
        messages,
        audits,
        timers,
        {(r.site, r.role, r.kind, r.value) for r in story.results},
        set(story.stubs),
    )


def _roughly(seconds: float | None) -> object:
    """No two clocks run alike to the second."""
    return seconds is None or round(seconds / LONG_S * 2)


@pytest.mark.parametrize("seed", range(12))
async def test_both_answer_alike(postgres_world: PostgresWorld, seed: int) -> None:
    memory, real = Run(MemoryWorld()), Run(postgres_world)
    script = Script(seed)
    for number, step in enumerate(script.steps()):
        assert await step(memory) == await step(real), f"seed {seed}, step {number}: {step.__qualname__}"
    assert await held(memory, script) == await held(real, script)
