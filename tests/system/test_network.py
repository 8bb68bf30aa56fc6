"""Sagas in networks in which not everybody reaches everybody: real processes, a database for each service, and a way
only where one was opened.

What a saga needs: each role reaches those that its projection sends to; each reaches the initiator, and the initiator
each, for votes and for how the saga ends. Two others need no way between them. Where a role and the initiator have no
way to each other, the saga stays open, and undone nowhere, until somebody carries their messages.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import asyncpg
import pytest

from accompanist.language.compile import compile_file
from ops.bench.far import measuring, project
from ops.bench.far.project import FRONT
from ops.forwarding import Network, network
from ops.local import Cluster
from ops.stage import ended, persistently, until

pytestmark = pytest.mark.postgres

LENGTH = 3
SERVICES = tuple(project.workers(LENGTH))
VOTES = {(FRONT, service) for service in SERVICES} | {(service, FRONT) for service in SERVICES}
"""Between the initiator and each other role."""


def sends() -> set[tuple[str, str]]:
    """Which service sends to which, as the choreography says it."""
    file = "/project/chains.py"
    found = compile_file(file, root="/project", read={file: project.chains([LENGTH])}.get).choreographies[0]
    service = dict(zip(found.projections, (FRONT, *SERVICES), strict=True))
    return {
        (service[role], service[to]) for role, projection in found.projections.items() for to in projection.sends_to
    }


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with project.deployed(tmp_path_factory.mktemp("far"), [LENGTH]) as up:
        yield up


@pytest.fixture
def ways(running: Cluster) -> Iterator[Network]:
    with network() as opened:
        yield opened
    for socket in running.run.glob("*-to-*.sock"):
        socket.unlink()


def start(running: Cluster, text: str, choreography: str = "chain3") -> str:
    asked = {"choreography": choreography, "arguments": {"v0": text}}
    return str(running.ask(FRONT, "session.start", asked)["session"])


def outcome(running: Cluster, session: str) -> str:
    """How the saga ended, at its initiator, waited for."""
    asked = {"session": session, "wait_ms": 30_000}
    return str(persistently(lambda: running.ask(FRONT, "session.result", asked, 30.0), ended)["outcome"])


def did(running: Cluster, session: str) -> list[Counter[str]]:
    """What each worker has really done for a session, along the chain."""

    async def read() -> list[Counter[str]]:
        found = []
        for name in SERVICES:
            query = f"SELECT operation FROM {name}_worker.ledger WHERE session = $1"  # noqa: S608 (a name of ours)
            found.append(Counter(row["operation"] for row in await rows(running, name, query, session)))
        return found

    return asyncio.run(read())


async def rows(running: Cluster, service: str, query: str, session: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(running.in_own_database(service, running.admin_dsn))
    try:
        return list(await connection.fetch(query, session))
    finally:
        await connection.close()


def test_who_shares_no_message_needs_no_way(running: Cluster, ways: Network) -> None:
    """s1 and s3 do not reach each other, nor does anybody reach back along the chain but to the initiator."""
    needed = sends() | VOTES
    assert {(FRONT, "s1"), ("s1", "s2"), ("s2", "s3"), ("s3", FRONT)} == sends()
    assert not needed & {("s1", "s3"), ("s3", "s1"), ("s2", "s1"), ("s3", "s2")}
    project.join(running, ways, needed)
    settles, declined = start(running, "text"), start(running, "s3")
    assert outcome(running, settles) == "settled"
    assert did(running, settles) == [Counter(step=1)] * 3
    assert outcome(running, declined) == "ended"
    assert did(running, declined) == [Counter(step=1, back=1)] * 2 + [Counter()]


def test_in_a_line_everything_is_done_or_undone_but_the_initiator_does_not_learn_it(
    running: Cluster, ways: Network
) -> None:
    """No service reaches all others, and the messages of the program have their ways. An abort goes wherever its role
    may have sent something, so all is undone; what is missing is the way of the votes. A forwarder on a host in
    between is one."""
    line = (FRONT, *SERVICES)
    along = {*pairwise(line), *pairwise(reversed(line))}
    project.join(running, ways, along)
    settles, declined = start(running, "text", "line3"), start(running, "s3", "line3")
    until(lambda: did(running, settles) == [Counter(step=1)] * 3)
    until(lambda: did(running, declined) == [Counter(step=1, back=1)] * 2 + [Counter()])
    until(lambda: all(waits(running, name, settles, "done") for name in ("s2", "s3")))
    until(lambda: all(waits(running, name, declined, "compensated") for name in ("s2", "s3")))
    assert [standing(running, session) for session in (settles, declined)] == [None, None]
    project.join(running, ways, VOTES - along)
    assert [outcome(running, session) for session in (settles, declined)] == ["settled", "ended"]
    assert did(running, settles) == [Counter(step=1)] * 3
    assert did(running, declined) == [Counter(step=1, back=1)] * 2 + [Counter()]


async def test_what_distance_costs_is_measured_and_nothing_is_sooner_than_its_messages(
    running: Cluster, ways: Network
) -> None:
    """Three services: six delays lie in a row for a choreography, eight for an orchestrator. Lower bounds only."""
    async with measuring.clients(running, ways, LENGTH) as both:
        ways.delay_s = 0.002
        found = await measuring.point(both, LENGTH, 2, 2)
    assert found["durable p25"] >= 6 * 2 and found["in a row p25"] >= 6 * 2
    assert found["orchestrator p25"] >= 8 * 2 and found["workers p25"] >= 6 * 2


def waits(running: Cluster, service: str, session: str, kind: str) -> bool:
    """Whether a message of this kind for the initiator waits at a service."""
    query = f"SELECT FROM {service}.outbox WHERE session = $1 AND receiver = 'front' AND kind = '{kind}'"
    return bool(asyncio.run(rows(running, service, query, session)))


def standing(running: Cluster, session: str) -> str | None:
    """How the saga has ended, if it has."""
    answer: dict[str, str | None] = running.ask(FRONT, "session.result", {"session": session, "wait_ms": 0})
    return answer["outcome"]
