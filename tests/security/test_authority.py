"""A neighbour with nothing but its own login sends what it may not, to real sidecars on a real Postgres.

The order saga runs at warehouse, payment and loyalty, each with its own driver, intake and log. The attacker has
loyalty's login, and uses SQL. Its messages are stored or refused; either way no session acts on them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import orjson
import pytest

from accompanist.log.group import Flusher
from accompanist.log.sessions import encode
from accompanist.rpc import meta as rpc_meta
from accompanist.runtime.answers import Answer, Replied
from accompanist.runtime.burst import CallWorker
from accompanist.runtime.control import control
from accompanist.runtime.messages import Header, Kind, Message
from accompanist.runtime.ports import Commit, Memory, Phase, ResultKind
from accompanist.sidecar.calls.attempts import CLOSE, Calls
from accompanist.sidecar.compiling.here import Here
from accompanist.sidecar.hosting import Hosted
from accompanist.sidecar.loops.intake import Intake
from accompanist.sidecar.sessions.driver import Driver
from accompanist.sidecar.tracing import Tracing
from accompanist.simulation.worker import FencedWorker, close_reply
from accompanist.telemetry.spans import Telemetry
from tests.log.worlds import AnyLog, PostgresWorld
from tests.postgres import SERVICES, Database
from tests.simulation.subjects import subjects

ORDER = next(one for one in subjects() if one.choreography.name == "fulfil_order")
FORGED = b'{"customer":"customer-gold","number":"FORGED","paid_cents":123456700}'
WAIT_S = 60


class Worker:
    """A worker of one role, a fence for each session. It answers forward calls while `open` is set, and compensations
    while `undoes` is."""

    def __init__(self, role: str) -> None:
        self._role, self._program = role, ORDER.programs[role]
        self.sessions: dict[UUID, FencedWorker] = {}
        self.open, self.undoes, self.asked = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.open.set()
        self.undoes.set()

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        about = rpc_meta.read(meta)
        if about.session is None:
            return Replied(b"0")
        worker = self.sessions.setdefault(about.session, self._fence())
        if method == CLOSE:
            asked = orjson.loads(arguments)
            return Replied(close_reply(worker.close(asked["unless"], asked.get("before"))))
        kind = ResultKind(about.kind)
        if kind is ResultKind.FORWARD:
            self.asked.set()
        await (self.open if kind is ResultKind.FORWARD else self.undoes).wait()
        return worker.call(CallWorker(about.site or "", kind, method, arguments, firm=about.retriable))

    def _fence(self) -> FencedWorker:
        operations = self._program.projection.operations
        return FencedWorker(operations, {name: self._reply(name) for name in operations})

    def _reply(self, operation: str) -> Any:
        undoes = self._program.projection.operations[operation].kind == "compensation"
        return lambda given: b"null" if undoes else ORDER.reply(self._role, operation, given, random.Random(1))


class Service:
    """One service: its log, and a sidecar with everything but a process around it."""

    def __init__(self, name: str, worker: Worker, log: AnyLog) -> None:
        self.log = log
        self.worker = worker
        hosted = Hosted(name, lambda choreography, roles: {role: role for role in roles}, Here())
        hosted.add(ORDER.choreography)
        self.flusher = Flusher(log)
        tracing = Tracing(Telemetry(), {})
        calls = Calls({ORDER.programs[name].projection.role_class: worker}, tracing)
        calls._learn(ORDER.programs[name].projection.role_class, Replied(b"0"))
        self.driver = Driver(name, hosted, log, self.flusher, calls, tracing, lambda row: None)
        self.intake = Intake(f"{name}/{uuid4().hex}", log, self.driver)


class Saga:
    """The services, one session, and the attacker's connection."""

    def __init__(self, services: Mapping[str, Service], attacker: asyncpg.Connection) -> None:
        self.services = services
        self._attacker = attacker
        self.header = Header(
            session=uuid4(),
            choreography=ORDER.choreography.name,
            fingerprint=ORDER.choreography.fingerprint,
            initiator="warehouse",
            bindings={role: role for role in ORDER.choreography.roles},
            started_at=1.0,
        )

    async def start(self) -> None:
        await self.say_home("warehouse", self.client(Kind.START, "!start", ORDER.starts[0]))

    def client(self, kind: Kind, site: str, payload: bytes) -> Message:
        return Message(header=self.header, kind=kind, site=site, sender="", receiver="warehouse", payload=payload)

    async def say_home(self, service: str, message: Message) -> None:
        await self.services[service].flusher.commit(Commit(shard=None, messages=(message,)))
        self.services[service].intake.wake()

    async def lie(self, message: Message) -> str:
        """Loyalty's login hands a message to the receiver's log; what that answers."""
        columns = (
            [message.session], [message.site], [message.sender], [message.receiver], [str(message.kind)],
            [encode(message.header)], [message.payload], [encode(message.context)],
        )  # fmt: skip
        schema = SERVICES[message.receiver]
        call = f"SELECT {schema}.deliver($1::uuid[],$2::text[],$3::text[],$4::text[],$5::text[],$6::bytea[],$7::bytea[],$8::bytea[],false)"  # noqa: E501
        [answer] = await self._attacker.fetchval(call, *columns)
        self.services[message.receiver].intake.wake()
        await self.heard(message.receiver)
        return str(answer)

    async def heard(self, service: str) -> None:
        """What lay in the inbox was taken: a round of the intake has passed since."""
        for _ in range(2):
            before = self.services[service].intake
            taken = asyncio.Event()
            real = before._driver.take

            def take(entries: Any, real: Any = real, taken: asyncio.Event = taken) -> Any:
                told = real(entries)
                taken.set()
                return told

            before._driver.take = take  # type: ignore[method-assign]
            before.wake()
            await asyncio.wait_for(taken.wait(), WAIT_S)
            before._driver.take = real  # type: ignore[method-assign]

    async def memory(self, role: str) -> Memory:
        [memory] = await self.services[role].log.load([(self.header.session, role)])
        return memory

    async def stands(self, role: str, *phases: Phase) -> Memory:
        async with asyncio.timeout(WAIT_S):
            while True:
                memory = await self.memory(role)
                if memory.session is not None and memory.session.phase in phases:
                    return memory
                await asyncio.sleep(0.01)  # the log is asked again; nothing depends on how often

    def said(self, kind: Kind, content: Any, receiver: str = "payment", site: str | None = None) -> Message:
        return control(self.header, kind, "loyalty", receiver, content, site)


@asynccontextmanager
async def running(database: Database) -> AsyncIterator[Saga]:
    world = PostgresWorld(database)
    services: dict[str, Service] = {}

    def wake(woken: Collection[str]) -> None:
        for name in woken:
            if name in services:
                services[name].intake.wake()

    for name in SERVICES:
        services[name] = Service(name, Worker(name), await world.sidecar(name, wake))
    for service in services.values():
        service.intake.start()
    attacker = await asyncpg.connect(database.sidecar_dsn("loyalty"))
    try:
        yield Saga(services, attacker)
    finally:
        await attacker.close()
        for service in services.values():
            service.worker.open.set()
            service.worker.undoes.set()
            await service.intake.stop()
            await service.driver.drain(1.0)
        await world.close()


def fences(saga: Saga) -> dict[str, FencedWorker | None]:
    return {name: one.worker.sessions.get(saga.header.session) for name, one in saga.services.items()}


def order(verb: str, value: bytes | None = None) -> dict[str, Any]:
    told = {"verb": verb, "who": "nobody", "why": "x"}
    return told if value is None else told | {"value": orjson.Fragment(value)}


@pytest.mark.parametrize("name", ["loyalty", ""], ids=["by its name", "in nobody's name"])
async def test_a_neighbour_is_no_operator_of_ours(database: Database, name: str) -> None:
    """It could park payment's role and answer for payment's worker, who was never asked."""
    async with running(database) as saga:
        payment = saga.services["payment"]
        payment.worker.open.clear()
        await saga.start()
        await asyncio.wait_for(payment.worker.asked.wait(), WAIT_S)
        for number, said in enumerate((order("park"), order("resolve", FORGED))):
            forged = saga.said(Kind.OPERATOR, said, site=f"!operator/{number}")
            await saga.lie(msgspec.structs.replace(forged, sender=name))
        standing = (await saga.stands("payment", Phase.RUNNING)).session
        assert standing is not None and standing.parked is None and standing.verbs == ()
        payment.worker.open.set()
        await saga.stands("warehouse", Phase.SETTLED)
        done = await saga.stands("payment", Phase.SETTLED)
        assert not any(b"FORGED" in result.value for result in done.results)
        fence = fences(saga)["payment"]
        assert fence is not None and [entry.operation for entry in fence.executed] == ["charge"]


@pytest.mark.parametrize("kind", [Kind.SETTLED, Kind.ENDED, Kind.DONE, Kind.CANCEL, Kind.START])
async def test_a_role_that_did_not_begin_a_saga_does_not_end_it_for_others(database: Database, kind: Kind) -> None:
    """Payment settled on loyalty's word, then the saga was undone: charged, and never refunded."""
    async with running(database) as saga:
        loyalty = saga.services["loyalty"]
        loyalty.worker.open.clear()
        await saga.start()
        await asyncio.wait_for(loyalty.worker.asked.wait(), WAIT_S)
        before = (await saga.stands("payment", Phase.DONE)).session
        await saga.lie(saga.said(kind, None))
        after = (await saga.memory("payment")).session
        assert before is not None and after is not None
        assert (after.phase, after.parked, after.outcome) == (Phase.DONE, None, None)
        await saga.say_home("warehouse", saga.client(Kind.CANCEL, "!cancel", b'"no more"'))
        for role in SERVICES:
            await saga.stands(role, Phase.ENDED)
        fence = fences(saga)["payment"]
        assert fence is not None and [entry.site for entry in fence.executed] == fence.undone


async def test_a_neighbour_does_not_skip_our_compensations(database: Database) -> None:
    """Told to go back, payment was parked, and then told that its refund had been made by hand."""
    async with running(database) as saga:
        loyalty = saga.services["loyalty"]
        loyalty.worker.open.clear()
        await saga.start()
        await asyncio.wait_for(loyalty.worker.asked.wait(), WAIT_S)
        await saga.stands("payment", Phase.DONE)
        saga.services["payment"].worker.undoes.clear()
        await saga.say_home("warehouse", saga.client(Kind.CANCEL, "!cancel", b'"no more"'))
        await saga.stands("payment", Phase.UNDOING)
        for number, verb in enumerate(("park", "resolve")):
            await saga.lie(saga.said(Kind.OPERATOR, order(verb), site=f"!operator/{number}"))
        saga.services["payment"].worker.undoes.set()
        await saga.stands("payment", Phase.UNDONE, Phase.ENDED)
        undone = [one.outcome for one in (await saga.memory("payment")).results if one.kind is ResultKind.COMPENSATE]
        assert undone == ["replied"]
        for role in SERVICES:
            await saga.stands(role, Phase.ENDED)
        fence = fences(saga)["payment"]
        assert fence is not None and [entry.site for entry in fence.executed] == fence.undone


HEADERS = {
    "another initiator": {"initiator": "loyalty"},
    "another choreography": {"choreography": "other"},
    "bindings of its own": {"bindings": {"warehouse": "loyalty", "payment": "payment", "loyalty": "loyalty"}},
}


@pytest.mark.parametrize("changes", HEADERS.values(), ids=list(HEADERS))
async def test_a_header_that_lies_opens_no_session_and_shuts_none_out(
    database: Database, changes: dict[str, Any]
) -> None:
    """It comes before the true one, as if from whoever may say the first thing to payment."""
    async with running(database) as saga:
        header = msgspec.structs.replace(saga.header, **changes)
        sender = header.initiator
        first = next(site for site, of, _ in ORDER.programs["payment"].projection.receives or () if of == "warehouse")
        lie = Message(header=header, kind=Kind.DATA, site=first, sender=sender, receiver="payment", payload=b"1")
        await saga.lie(lie)
        await saga.lie(control(header, Kind.ABORT, sender, "payment", "no"))
        await saga.lie(control(header, Kind.SETTLED, sender, "payment"))
        assert (await saga.memory("payment")).session is None
        if sender == "warehouse":
            return  # who may take the place of the true one is the log's business
        await saga.start()
        for role in SERVICES:
            await saga.stands(role, Phase.SETTLED)


async def test_what_was_not_believed_is_not_believed_after_a_restart(database: Database) -> None:
    async with running(database) as saga:
        loyalty, payment = saga.services["loyalty"], saga.services["payment"]
        loyalty.worker.open.clear()
        await saga.start()
        await asyncio.wait_for(loyalty.worker.asked.wait(), WAIT_S)
        await saga.stands("payment", Phase.DONE)
        await saga.lie(saga.said(Kind.SETTLED, None))
        await saga.lie(saga.said(Kind.OPERATOR, order("park"), site="!operator/1"))
        await payment.driver.drain(5.0)
        await payment.intake.stop()
        await payment.intake.release()
        again = Service("payment", payment.worker, payment.log)
        saga.services["payment"] = again  # type: ignore[index]
        again.intake.start()
        await saga.heard("payment")
        standing = (await saga.memory("payment")).session
        assert standing is not None and (standing.phase, standing.parked) == (Phase.DONE, None)
        loyalty.worker.open.set()
        settled = await saga.stands("payment", Phase.SETTLED)
        assert settled.session is not None and settled.session.verbs == ()
