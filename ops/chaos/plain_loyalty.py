"""Loyalty's worker without a fence, as an older service would be; it is sometimes slow.

    python -m ops.chaos.plain_loyalty    address and database as the Procfile says: LOYALTY_WORKER_URL, ..._DATABASE

Every tenth call takes longer than its caller waits, and is then executed, so a call that was given up has its effect
late. `award` gives points each time it is called; `revoke` takes all of them back, or does nothing. The table `deed`
has the effects, in order.
"""

from __future__ import annotations

import asyncio
import os
import signal
import zlib

import asyncpg

from accompanist.language.values import codec
from accompanist.rpc import meta
from accompanist.rpc.dispatch import Handler, Params
from accompanist.rpc.server import serve
from workers.orders import loyalty
from workers.orders.messages import Points, Receipt, Tier

TIMEOUT_MS = 700
"""How long the sidecar of this worker is told to wait for an answer."""
SLOW_S = 2.5
ONE_IN = 10
_DEEDS = """
CREATE TABLE IF NOT EXISTS deed (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session   uuid NOT NULL,
    site      text NOT NULL,
    operation text NOT NULL
)"""


class Plain:
    """The three operations, over a pool of connections."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def tier(self, params: Params, context: bytes | None) -> bytes:
        customer = codec.decode(bytes(params["customer"]), str)
        name = await self._pool.fetchval("SELECT tier FROM member WHERE customer = $1", customer)
        return codec.encode(Tier(name))

    async def award(self, params: Params, context: bytes | None) -> bytes:
        about = meta.read(context or b"{}")
        receipt = codec.decode(bytes(params["receipt"]), Receipt)
        points = receipt.paid_cents // loyalty.CENTS_PER_POINT
        await self._sometimes_slow(about)
        async with self._pool.acquire() as connection, connection.transaction():
            again = (
                "INSERT INTO award VALUES ($1, $2, $3, $4) ON CONFLICT (session, site) DO UPDATE SET revoked = false"
            )
            await connection.execute(again, about.session, about.site, receipt.customer, points)
            await self._done(connection, about, "award")
        return codec.encode(Points(receipt.customer, points))

    async def revoke(self, params: Params, context: bytes | None) -> bytes:
        about = meta.read(context or b"{}")
        async with self._pool.acquire() as connection, connection.transaction():
            back = "UPDATE award SET revoked = true WHERE session = $1 AND site = $2 AND NOT revoked RETURNING 1"
            if await connection.fetchval(back, about.session, about.site):
                await self._done(connection, about, "revoke")
        return codec.encode(None)

    async def _sometimes_slow(self, about: meta.Meta) -> None:
        """The same calls in every run of the same sessions: chance is a function of the call."""
        if zlib.crc32(f"{about.session}/{about.site}/{about.attempt}".encode()) % ONE_IN == 0:
            await asyncio.sleep(SLOW_S)

    async def _done(self, connection: asyncpg.Connection, about: meta.Meta, operation: str) -> None:
        deed = "INSERT INTO deed (session, site, operation) VALUES ($1, $2, $3)"
        await connection.execute(deed, about.session, about.site, operation)


def handlers(pool: asyncpg.Pool) -> dict[str, Handler]:
    plain = Plain(pool)
    return {"tier": plain.tier, "award": plain.award, "revoke": plain.revoke}


async def main() -> None:
    dsn, url = os.environ["LOYALTY_WORKER_DATABASE"], os.environ["LOYALTY_WORKER_URL"]
    await loyalty.install(dsn)
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=16, server_settings={"search_path": loyalty.SCHEMA})
    await pool.execute(_DEEDS)
    server = await serve(handlers(pool), url)
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    await over.wait()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
