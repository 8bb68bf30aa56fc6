"""The two floors, as systems that the benchmark measures: in one process, and over three workers."""

from __future__ import annotations

import asyncio
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

import asyncpg
import msgspec

from accompanist.worker import Declined
from ops.bench.client import ENDS, Client
from ops.bench.floors import transactions
from ops.bench.floors.transactions import MODULES, OPERATIONS
from ops.local import ROOT

READY_S = 90.0
STEP_S = 0.02


class System(Protocol):
    """What is measured. `driver_counts`: the measuring process does the work, so its processor time counts."""

    name: str
    what: str
    driver_counts: bool

    async def order(self, number: int, product: str) -> float:
        """One order from request to end, in milliseconds. Raises RuntimeError when it ends otherwise than the product
        says."""

    def roots(self) -> Iterable[int]:
        """Processes that, with all below them, are the system. Postgres is counted for everybody."""

    async def close(self) -> None: ...


class _Floor:
    async def ask(self, operation: str, session: UUID, arguments: list[Any]) -> Any:
        raise NotImplementedError

    async def order(self, number: int, product: str) -> float:
        began = time.perf_counter()
        outcome = await transactions.order(self.ask, uuid4(), number, product)
        took = (time.perf_counter() - began) * 1000
        if outcome != ENDS[product]:
            raise RuntimeError(f"order {number} came to {outcome!r}, not to {ENDS[product]!r}")
        return took


class Bare(_Floor):
    """All in the measuring process."""

    name, what, driver_counts = "bare", "one process, the local transactions in a row", True

    def __init__(self, pools: dict[str, asyncpg.Pool]) -> None:
        self._pools = pools

    @classmethod
    async def open(cls, dsn: str) -> Bare:
        return cls({service: await transactions.open_pool(dsn, service) for service in MODULES})

    async def ask(self, operation: str, session: UUID, arguments: list[Any]) -> Any:
        return await transactions.transact(self._pools[OPERATIONS[operation][0]], operation, session, arguments)

    def roots(self) -> Iterable[int]:
        return ()

    async def close(self) -> None:
        for pool in self._pools.values():
            pool.terminate()


class BareRpc(_Floor):
    """Three workers, called one after the other over sockets. A connection carries one call at a time."""

    name, what, driver_counts = "bare-rpc", "three workers called in a row, JSON lines over unix sockets", False

    def __init__(self, workers: dict[str, Process], sockets: dict[str, Path]) -> None:
        self._workers, self._sockets = workers, sockets
        self._free: dict[str, list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]] = {name: [] for name in sockets}
        self._replies = {name: msgspec.json.Decoder(transactions.types(name).reply) for name in OPERATIONS}
        self._answer = msgspec.json.Decoder(tuple[str, msgspec.Raw])

    @classmethod
    async def open(cls, dsn: str, directory: Path) -> BareRpc:
        """`directory` takes the sockets. Raises TimeoutError when the workers do not come up."""
        sockets = {service: directory / f"floor-{service}.sock" for service in MODULES}
        workers = dict[str, Process]()
        for service, socket in sockets.items():
            socket.unlink(missing_ok=True)
            command = [sys.executable, "-m", "ops.bench.floors.worker", service, str(socket), dsn]
            workers[service] = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=asyncio.subprocess.PIPE)
        async with asyncio.timeout(READY_S):
            while not all(socket.exists() for socket in sockets.values()):  # noqa: ASYNC110 (another process makes them)
                await asyncio.sleep(STEP_S)
        return cls(workers, sockets)

    async def ask(self, operation: str, session: UUID, arguments: list[Any]) -> Any:
        free = self._free[OPERATIONS[operation][0]]
        reader, writer = free.pop() if free else await self._connect(OPERATIONS[operation][0])
        writer.write(msgspec.json.encode((operation, session, arguments)) + b"\n")
        said, value = self._answer.decode(await reader.readline())
        free.append((reader, writer))
        if said == "declined":
            raise Declined(msgspec.json.decode(value, type=str))
        return self._replies[operation].decode(value)

    async def _connect(self, service: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_unix_connection(str(self._sockets[service]))

    def roots(self) -> Iterable[int]:
        return [worker.pid for worker in self._workers.values()]

    async def close(self) -> None:
        for free in self._free.values():
            for _, writer in free:
                writer.close()
        for worker in self._workers.values():
            if worker.stdin is not None:
                worker.stdin.close()  # its input ends, and so does it
            await worker.wait()
        for socket in self._sockets.values():
            socket.unlink(missing_ok=True)


class Ours:
    """The deployment of the Procfile: sidecars, workers behind the fence, logs."""

    name, what, driver_counts = "ours", "sidecars and workers, durable; answered when settled", False
    volatile = False

    def __init__(self, client: Client, roots: Iterable[int]) -> None:
        self._client, self._roots = client, list(roots)

    async def order(self, number: int, product: str) -> float:
        return await self._client.order(number, product, volatile=self.volatile)

    def roots(self) -> Iterable[int]:
        return self._roots

    async def close(self) -> None:
        await self._client.close()


class Volatile(Ours):
    """The same deployment with volatile sessions: no log, no fence."""

    name, what = "volatile", "the same sidecars and workers, volatile; answered when settled"
    volatile = True
