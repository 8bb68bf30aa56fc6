"""The fake worker's fence passes the cases that workers with `fence.sql` pass.

The SDK reads and checks the calls, as for a real worker. Behind it, `FencedWorker` stands in for Postgres: one for each
session and role, over drawers in memory. The cases about requests and transports are left to `test_python`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import orjson
import pytest

from accompanist.language.program.program import Operation
from accompanist.language.values import codec
from accompanist.rpc import address, envelope
from accompanist.rpc.envelope import RpcError
from accompanist.rpc.server import serve
from accompanist.runtime.answers import Closed, Declined, Replied, Reused
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.ports import ResultKind
from accompanist.simulation.fence import Fencing
from accompanist.simulation.worker import FencedWorker, Refusal, close_reply
from accompanist.worker import Worker
from accompanist.worker.conformance import cases
from accompanist.worker.conformance.cases import ConformanceCase
from accompanist.worker.conformance.drive import CaseResult, drive
from accompanist.worker.execution import Execution
from accompanist.worker.fence import Key
from workers.till.messages import Entry, Slip
from workers.till.roles import Till

FILES = ("calls.json", "close.json", "compensation.json", "repeats.json")
CASES = [case for case in cases.read_all(cases.shipped()) if case.file in FILES]
TURNS = 50
"""How many turns of the event loop a call with a pause waits before it begins."""


class Drawers:
    """What the till's operations do, in memory; `Refusal` declines. An operation that raises has changed nothing."""

    def __init__(self) -> None:
        self.cents: Counter[str] = Counter()
        self.mended: set[str] = set()
        self.ledger: dict[str, Counter[str]] = {}
        self._slips = 0

    def put(self, drawer: str, entry: Entry) -> Slip:
        if entry.cents < 1:
            raise Refusal("nothing to put in")
        if drawer.startswith("broken-") and drawer not in self.mended:
            raise RuntimeError("the drawer is jammed")
        self._done(drawer, "put", entry.cents)
        return self._slip(entry.cents, entry.note)

    def take_back(self, drawer: str, entry: Entry) -> None:
        self._done(drawer, "take_back", -entry.cents)

    def pay(self, drawer: str, cents: int) -> Slip:
        if cents < 1:
            raise Refusal("nothing to pay out")
        if self.cents[drawer] < cents:
            raise Refusal("not enough in the drawer")
        self._done(drawer, "pay", -cents)
        return self._slip(cents, "")

    def mend(self, drawer: str) -> None:
        self.mended.add(drawer)
        self._done(drawer, "mend", 0)

    def balance(self, drawer: str) -> int:
        return self.cents[drawer]

    async def of(self, drawer: str) -> Counter[str]:
        """How often each operation was executed on a drawer: this is the case's ledger, too."""
        return self.ledger.get(drawer, Counter())

    def _done(self, drawer: str, operation: str, cents: int) -> None:
        self.cents[drawer] += cents
        self.ledger.setdefault(drawer, Counter())[operation] += 1

    def _slip(self, cents: int, note: str) -> Slip:
        self._slips += 1
        return Slip(f"S{self._slips}", cents, note)


class FakeExecution(Execution):
    """Does what `Execution` does, with a fake worker for each session and role instead of a database."""

    def __init__(self, worker: Worker, drawers: Drawers) -> None:
        self._contract = worker.contract
        self.memory = None
        self._drawers = drawers
        self._workers: dict[tuple[UUID, str], FencedWorker] = {}

    async def transact(
        self, key: Key, work: Any, returns: Any, *, retriable: bool = False, patience_ms: int = 0
    ) -> bytes:
        if orjson.loads(key.arguments).get("entry", {}).get("pause_ms"):
            for _ in range(TURNS):
                await asyncio.sleep(0)
        arguments = key.arguments.encode()
        call = CallWorker(key.site, ResultKind(key.kind), key.operation, arguments, firm=retriable)
        match self._of(key.session, key.role).call(call):
            case Replied(value=value):
                return value
            case Declined(reason=reason):
                raise RpcError(envelope.DECLINED, "declined", reason)
            case Closed():
                raise RpcError(envelope.CLOSED, "closed")
            case Reused():
                raise RpcError(envelope.REUSED, "key reused with other arguments")
            case other:
                raise AssertionError(other)

    async def ask(self, work: Any, returns: Any, *, patience_ms: int = 0) -> bytes:
        return codec.encode(await work(self._drawers))

    async def close(self, session: UUID, role: str, unless: str | None, before: str | None = None) -> bytes:
        return close_reply(self._of(session, role).close(unless, before))

    async def forget(self, sessions: list[UUID]) -> int:
        forgotten = [key for key in self._workers if key[0] in sessions]
        for key in forgotten:
            del self._workers[key]
        return len(forgotten)

    def _of(self, session: UUID, role: str) -> FencedWorker:
        if (session, role) not in self._workers:
            operations = {name: Operation(name, one.kind, {}, "") for name, one in self._contract.items()}
            functions = {name: partial(self._run, name) for name in operations}
            self._workers[session, role] = FencedWorker(operations, functions)
        return self._workers[session, role]

    def _run(self, name: str, arguments: bytes) -> bytes:
        given = codec.decode(arguments, dict[str, Any])
        types = self._contract[name].parameters
        values = {each: codec.decode(codec.encode(given[each]), type) for each, type in types.items()}
        return codec.encode(getattr(self._drawers, name)(**values))


def _handler(operation: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    @wraps(operation)
    async def handler(drawers: Drawers, **values: Any) -> Any:
        return operation(drawers, **values)

    return handler


@pytest.fixture
def drawers() -> Drawers:
    return Drawers()


@pytest.fixture
async def place(drawers: Drawers, tmp_path: Path) -> AsyncIterator[address.Address]:
    worker = Worker(Till, "till_worker")
    for operation in (Drawers.put, Drawers.take_back, Drawers.pay, Drawers.mend, Drawers.balance):
        worker.operation(_handler(operation))
    with patch.object(FencedWorker, "page_rows", 1_000):
        server = await serve(worker.handlers(FakeExecution(worker, drawers)), f"unix:{tmp_path}/till.sock")
        yield address.parse(server.url)
        await server.stop(0)


async def driven(place: address.Address, drawers: Drawers, *wanted: ConformanceCase) -> list[CaseResult]:
    return [await drive(case, place, drawers) for case in wanted]


async def test_the_fake_fence_passes_every_case_of_a_fence(place: address.Address, drawers: Drawers) -> None:
    results = await driven(place, drawers, *CASES)
    assert {one.case.name: one.why for one in results if one.outcome != "passed"} == {}
    assert sum(one.unjudged for one in results) == 0 and len(results) > 40


@pytest.mark.parametrize(
    ("rules", "found_by"),
    [
        (Fencing(door=False), {"close/late-call", "close/session-nobody-knows", "compensation/first"}),
        (Fencing(replies_kept=False), {"repeats/repeat-is-one-effect", "repeats/refusal-is-final"}),
    ],
)
async def test_a_rule_that_is_switched_off_is_missed(
    place: address.Address, drawers: Drawers, rules: Fencing, found_by: set[str]
) -> None:
    with patch.object(FencedWorker, "rules", rules):
        results = await driven(place, drawers, *(case for case in CASES if case.name in found_by))
    assert {one.case.name for one in results if one.outcome == "failed"} == found_by
