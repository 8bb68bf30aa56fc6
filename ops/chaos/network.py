"""Faults of the network, by proxies: delay, a cut between a commit and its answer, a partition one way or both ways."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

from ops.chaos.faults import LEASE_S, MAIN, Fault, Hurt
from ops.chaos.ground import Ground, NotHealed
from ops.chaos.proxy import Edge

CUTS = 6
CUTS_S = 20.0
FROZEN_S = 5.0


def _databases(ground: Ground) -> list[Edge]:
    return ground.edges.all(lambda edge: edge.postgres)


async def delay(ground: Ground, chance: random.Random) -> Hurt:
    before = sum(edge.delayed_chunks for edge in ground.edges.all())
    seconds = 0.02 + chance.random() * 0.1
    for edge in ground.edges.all():
        edge.delay_s = seconds * chance.random()
    await asyncio.sleep(8)
    hits = sum(edge.delayed_chunks for edge in ground.edges.all()) - before
    return Hurt(hits, f"up to {seconds * 1000:.0f} ms each way on every edge")


async def _cut(ground: Ground, edges: list[Edge], text: str) -> Hurt:
    """Arm each edge; wait until all are used up, or the time is."""
    before = sum(edge.cuts for edge in edges)
    for edge in edges:
        edge.cut_after(text, CUTS)
    with suppress(NotHealed):  # an idle replica may have nothing to commit; those that were cut count
        await ground.until(lambda: all(not edge.cuts_left for edge in edges), "every cut", CUTS_S)
    return Hurt(sum(edge.cuts for edge in edges) - before, f"{text} on {', '.join(edge.name for edge in edges)}")


async def commit_of_sidecar(ground: Ground, chance: random.Random) -> Hurt:
    """`flush` is the commit of a burst: done, and its answer never comes."""
    return await _cut(ground, [ground.edges[f"db:{name}"] for name in ground.sidecars], "flush(")


async def lease_of_sidecar(ground: Ground, chance: random.Random) -> Hurt:
    """What was acquired or taken is not told: leases, messages from the inbox."""
    edges = [ground.edges[f"db:{name}"] for name in ground.sidecars]
    leases = await _cut(ground, edges, "FROM lease(")
    takes = await _cut(ground, edges, "FROM take(")
    return Hurt(leases.hits + takes.hits, "lease, then take, on every sidecar")


async def commit_of_worker(ground: Ground, chance: random.Random) -> Hurt:
    """The effect is committed and the worker does not know."""
    return await _cut(ground, [ground.edges[f"db:{name}"] for name in ground.workers], "COMMIT")


async def answer_of_worker(ground: Ground, chance: random.Random) -> Hurt:
    """The worker has answered and the sidecar does not know."""
    edges = [ground.edges[f"call:{name}"] for name in ground.sidecars]
    before = sum(edge.cuts for edge in edges)
    for edge in edges:
        edge.cut_answers(CUTS)
    with suppress(NotHealed):
        await ground.until(lambda: all(not edge.cuts_left for edge in edges), "every cut", CUTS_S)
    return Hurt(sum(edge.cuts for edge in edges) - before, "answers of all workers")


async def _held(ground: Ground, edges: list[Edge], seconds: float, *, up: bool, down: bool) -> Hurt:
    before = sum(edge.held_chunks for edge in edges)
    for edge in edges:
        edge.hold(up=up, down=down)
    await asyncio.sleep(seconds)
    for edge in edges:
        edge.heal()
    way = "both ways" if up and down else "requests pass, answers do not" if down else "answers pass, requests do not"
    names = ", ".join(edge.name for edge in edges)
    return Hurt(sum(edge.held_chunks for edge in edges) - before, f"{names} for {seconds:.1f} s: {way}")


async def partition_database(ground: Ground, chance: random.Random) -> Hurt:
    """One sidecar loses its database, longer than its lease; then a worker does."""
    sidecar, worker = chance.choice(ground.sidecars), chance.choice(ground.workers)
    seconds = LEASE_S + 1 + chance.random() * 2
    edges = [ground.edges[f"db:{sidecar}"], ground.edges[f"db:{worker}"]]
    return await _held(ground, edges, seconds, up=True, down=True)


async def one_way(ground: Ground, chance: random.Random) -> Hurt:
    """Commits happen and their answers come late, when others have taken over."""
    first, second = chance.sample(ground.sidecars, 2)
    seconds = LEASE_S + 1 + chance.random() * 2
    answers = await _held(ground, [ground.edges[f"db:{first}"]], seconds, up=False, down=True)
    requests = await _held(ground, [ground.edges[f"db:{second}"]], seconds, up=True, down=False)
    return Hurt(min(answers.hits, requests.hits), f"{answers.schedule}; {requests.schedule}")


async def partition_worker(ground: Ground, chance: random.Random) -> Hurt:
    """A black hole to one worker, longer than a call may take, and one-way to another."""
    first, second = chance.sample(ground.sidecars, 2)
    hole = _held(ground, [ground.edges[f"call:{first}"]], 12.0, up=True, down=True)
    deaf = _held(ground, [ground.edges[f"call:{second}"]], 12.0, up=False, down=True)
    done = await asyncio.gather(hole, deaf)
    return Hurt(sum(one.hits for one in done), "; ".join(one.schedule for one in done))


async def _frozen(ground: Ground, names: list[str]) -> Hurt:
    """Established connections die without a sign, new ones work: what a firewall does that forgets what it knew."""
    lines = sum(ground.edges.freeze(name) for name in names)
    await asyncio.sleep(FROZEN_S)
    lost = sum(ground.edges[name].lost_chunks for name in names)
    return Hurt(lost, f"{lines} connections of {', '.join(names)}; {lost} chunks lost on them in {FROZEN_S:.0f} s")


async def silent_sidecars(ground: Ground, chance: random.Random) -> Hurt:
    service = chance.choice(("warehouse", "payment", "loyalty"))
    names = [f"db:{name}" for name in ground.sidecars if name.partition("-")[0] == service]
    return await _frozen(ground, names)


async def silent_worker(ground: Ground, chance: random.Random) -> Hurt:
    return await _frozen(ground, [f"db:{chance.choice(ground.workers)}"])


async def silent_calls(ground: Ground, chance: random.Random) -> Hurt:
    return await _frozen(ground, [f"call:{name}" for name in ground.sidecars])


FAULTS = (
    Fault("silent-sidecar", "sidecars' connections to Postgres dead without a sign", silent_sidecars, MAIN),
    Fault("silent-worker", "a worker's connections to Postgres dead without a sign", silent_worker, MAIN),
    Fault("silent-calls", "connections to workers dead without a sign", silent_calls, MAIN),
    Fault("delay", "every edge slow", delay, MAIN),
    Fault("cut-flush", "cut between a sidecar's commit and its answer", commit_of_sidecar, MAIN),
    Fault("cut-take", "cut between leases, takes and their answers", lease_of_sidecar, MAIN),
    Fault("cut-commit", "cut between a worker's COMMIT and its answer", commit_of_worker, MAIN),
    Fault("cut-reply", "a worker's answers cut", answer_of_worker, MAIN),
    Fault("hole-database", "black hole to Postgres past the lease", partition_database, MAIN),
    Fault("one-way", "one-way partition from Postgres past the lease", one_way, MAIN),
    Fault("hole-worker", "black hole and one-way partition to workers", partition_worker, MAIN),
)
