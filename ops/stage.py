"""The running deployment, for a scene or a test: it starts orders, and reads the effects from the ledgers.

The effects of a saga are read from the workers' own ledgers, which the operations themselves write in the services'
schemas. Accompanist's own records do not count.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg

from accompanist.errors import AccompanistError
from ops.local import Cluster

WAIT_S = 30.0
SCHEMAS = {"warehouse": "warehouse_worker", "payment": "payment_worker", "loyalty": "loyalty_worker"}
ALL_DONE = {"reserve": 1, "charge": 1, "award": 1, "ship": 1}
UNDONE = {"charge": "refund", "reserve": "release", "award": "revoke"}
STEP_S = 0.02


class Stage:
    """The running deployment, and the questions a scene asks it."""

    def __init__(self, running: Cluster, crash: Path) -> None:
        self.running = running
        self.crash = crash

    def start(self, customer: str, product: str = "kettle", **more: Any) -> dict[str, Any]:
        """Start an order at the warehouse's sidecar."""
        order = {"customer": customer, "lines": [{"product": product, "quantity": 1}]}
        asked = {"choreography": "fulfil_order", "arguments": {"order": order}, **more}
        answer: dict[str, Any] = self.running.ask("warehouse", "session.start", asked)
        return answer

    def result(self, session: str) -> dict[str, Any]:
        """How a session ended."""
        asked = {"session": session, "wait_ms": int(WAIT_S * 1000)}
        answer: dict[str, Any] = self.running.ask("warehouse", "session.result", asked, WAIT_S)
        return answer

    def results(self, sessions: list[str]) -> list[dict[str, Any]]:
        """How sessions ended, asked again and again while sidecars cannot answer."""
        return [persistently(lambda one=session: self.result(one), ended) for session in sessions]  # type: ignore[misc]

    def arm(self, point: str) -> Path:
        """The next process to reach the point dies there."""
        file = self.crash / point
        file.touch()
        return file

    def ledger(self, *sessions: str) -> Counter[str]:
        """What the workers really did for these sessions: operation to number."""
        places = {
            schema: self.running.in_own_database(name, self.running.admin_dsn) for name, schema in SCHEMAS.items()
        }
        return asyncio.run(_ledger(places, sessions))

    def whole_or_undone(self, answers: list[dict[str, Any]]) -> bool:
        """Whether each of these orders was done once and altogether, or undone altogether."""
        for answer in answers:
            done = self.ledger(answer["session"])
            if answer["outcome"] == "settled" and done != ALL_DONE:
                return False
            if answer["outcome"] != "settled" and not all_undone(done):
                return False
        return True

    def query(self, statement: str) -> list[Any]:
        """As the database's administrator."""
        return asyncio.run(_query(self.running.admin_dsn, statement))

    def shards(self, service: str) -> Counter[int]:
        """How many shards each process holds, by process id; 0: nobody."""
        query = f"SELECT owner, count(*) AS shards FROM {service}.shard GROUP BY owner"  # noqa: S608 (a name of ours)
        return Counter(
            {int(row["owner"].split("/")[1]) if row["owner"] else 0: row["shards"] for row in self.query(query)}
        )


async def _query(dsn: str, statement: str) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


async def _ledger(places: Mapping[str, str], sessions: tuple[str, ...]) -> Counter[str]:
    found: Counter[str] = Counter()
    for schema, dsn in places.items():
        connection = await asyncpg.connect(dsn)
        try:
            query = f"SELECT operation, count(*) AS n FROM {schema}.ledger WHERE session = ANY ($1) GROUP BY 1"  # noqa: S608
            found.update({row["operation"]: row["n"] for row in await connection.fetch(query, list(sessions))})
        finally:
            await connection.close()
    return found


def all_undone(done: Counter[str]) -> bool:
    """Everything executed has its compensation, nothing was compensated that was not executed, nothing was shipped."""
    return not done["ship"] and all(done[forward] == done[back] for forward, back in UNDONE.items())


def ended(answer: dict[str, Any]) -> bool:
    """Whether an answer says how its saga ended."""
    return answer.get("outcome") is not None


def persistently(
    ask: Callable[[], dict[str, Any]], right: Callable[[dict[str, Any]], bool] = lambda answer: True
) -> dict[str, Any]:
    """Ask again while the sidecar cannot answer, or answers something else, within the scene's time."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            answer = ask()
            if right(answer) or time.monotonic() > until:
                return answer
        except AccompanistError:
            if time.monotonic() > until:
                raise
        time.sleep(STEP_S)


def until(there: Callable[[], bool]) -> float:
    """Wait for it, at most the scene's time; how long that took, in seconds. Raises TimeoutError."""
    began = time.monotonic()
    while not there():
        if time.monotonic() - began > WAIT_S:
            raise TimeoutError("it did not come")
        time.sleep(STEP_S)
    return time.monotonic() - began


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that does nothing within the block."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def keeper(pid: int) -> int:
    """The process that would start this one again if it died: its parent."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
