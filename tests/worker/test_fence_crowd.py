"""The fence under load: many connections that repeat, roll back, decline, compensate and close at random.

Whatever they do, in any order: an effect is there once or not at all, nothing is done after a close, and what a close
did not list is compensated or was never done.
"""

from __future__ import annotations

import asyncio
import json
import random
from uuid import UUID, uuid4

import asyncpg
import pytest

from accompanist.worker.fence import Fence
from tests.worker.conftest import ROLE, Connect, key

CROWD = 8
STEPS = 150
SESSIONS = 6
SITES = ("1", "2", "3")


class Crowd:
    def __init__(self, fence: Fence, chance: random.Random) -> None:
        self.fence = fence
        self.chance = chance
        self.sessions = [uuid4() for _ in range(SESSIONS)]
        self.listed: dict[UUID, set[str]] = {}
        self.replies: dict[tuple[UUID, str, str], set[str | None]] = {}

    async def act(self, db: asyncpg.Connection) -> None:
        session, site = self.chance.choice(self.sessions), self.chance.choice(SITES)
        move = self.chance.random()
        if move < 0.02:
            await self.close(db, session)
        elif move < 0.06:
            await self.call(db, session, site, "compensate")
        elif move < 0.12:
            told = await self.fence.refuse(db, key(session, site=site), "no wood")
            self.told(session, site, "forward", *told)
        else:
            await self.call(db, session, site, "forward")

    async def call(self, db: asyncpg.Connection, session: UUID, site: str, kind: str) -> None:
        asked = key(session, site=site, kind=kind, operation="saw" if kind == "forward" else "mend")
        attempt = db.transaction()
        await attempt.start()
        status, answer = await self.fence.enter(db, asked)
        if status == "run":
            await db.execute("INSERT INTO effect VALUES ($1)", f"{session} {site} {kind}")
            if self.chance.random() < 0.3:
                await attempt.rollback()
                return
            answer = str(self.chance.random())
            await self.fence.leave(db, asked, answer)
            status = "replied"
        await attempt.commit()
        self.told(session, site, kind, status, answer)

    async def close(self, db: asyncpg.Connection, session: UUID) -> None:
        async with db.transaction():
            told = json.loads(await self.fence.close(db, session, ROLE, None))
        sites = {entry["site"] for entry in told["executed"]}
        self.listed.setdefault(session, set()).update(sites)

    def told(self, session: UUID, site: str, kind: str, status: str, answer: str | None) -> None:
        if status in ("replied", "declined"):
            self.replies.setdefault((session, site, kind), set()).add(f"{status} {answer}")


@pytest.mark.parametrize("seed", range(4))
async def test_no_crowd_gets_through_the_fence(connect: Connect, the_fence: Fence, seed: int) -> None:
    crowd = Crowd(the_fence, random.Random(seed))

    async def one(db: asyncpg.Connection) -> None:
        for _ in range(STEPS):
            await crowd.act(db)

    connections = [await connect() for _ in range(CROWD)]
    await asyncio.gather(*(one(db) for db in connections))

    rows = await connections[0].fetch("SELECT what, count(*) AS times FROM effect GROUP BY what")
    assert {row["times"] for row in rows} == {1}
    assert all(len(told) == 1 for told in crowd.replies.values()), "a call was answered in two ways"
    done = {tuple(row["what"].split()) for row in rows}
    for session, listed in crowd.listed.items():
        forward = {site for at, site, kind in done if at == str(session) and kind == "forward"}
        undone = {site for at, site, kind in done if at == str(session) and kind == "compensate"}
        assert forward <= listed | undone
        assert listed <= forward
    assert crowd.listed and any(kind == "compensate" for _, _, kind in done), "a run in which nothing happened"
