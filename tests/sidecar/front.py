"""One service as its clients see it: the real API over the real driver, with a log that is Postgres's or its fake.

Service    its sidecar, with the choreographies and the workers that it is given
Front      a service whose choreography is a text, compiled and hosted as a deploy would; `deploy` brings another
           text. The worker answers each operation by a function of its arguments
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import orjson

from accompanist.log.group import Flusher
from accompanist.log.wakeups import Heard
from accompanist.rpc import meta as rpc_meta
from accompanist.runtime.answers import Answer, Missing, Replied
from accompanist.sidecar.api.events_and_timers import EventsAndTimers
from accompanist.sidecar.api.operators import Operators
from accompanist.sidecar.api.public import Api
from accompanist.sidecar.api.waiters import Waiters
from accompanist.sidecar.calls import outstanding
from accompanist.sidecar.calls.admission import CallLimit
from accompanist.sidecar.calls.attempts import CLOSE, DESCRIBE, Calls
from accompanist.sidecar.compiling.here import Here
from accompanist.sidecar.hearing import hear
from accompanist.sidecar.hosting import Hosted
from accompanist.sidecar.loops.collection import Collector
from accompanist.sidecar.loops.intake import Intake
from accompanist.sidecar.loops.relay import Relay
from accompanist.sidecar.sessions.driver import Driver
from accompanist.sidecar.tracing import Tracing
from accompanist.sidecar.volatile.sessions import VolatileSessions
from accompanist.telemetry.spans import Telemetry

Operations = Mapping[str, Callable[[dict[str, Any]], Any]]


class Worker:
    """Keeps what it did; forgets nothing of a session that is closed."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self.done: list[tuple[str, Any]] = []
        self.answers = asyncio.Event()
        """Cleared: it is silent."""
        self.answers.set()
        self._executed: dict[Any, list[dict[str, Any]]] = {}

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        about = rpc_meta.read(meta)
        given = orjson.loads(arguments)
        if method == DESCRIBE:
            return Missing(method)
        if method != CLOSE:
            self.done.append((method, given))
        await self.answers.wait()
        if method == CLOSE:
            executed = self._executed.get(about.session, [])
            return Replied(orjson.dumps({"closed": True, "executed": executed, "reply": None}))
        if not method.startswith("un"):
            entry = {"site": about.site, "operation": method, "arguments": given}
            self._executed.setdefault(about.session, []).append(entry)
        return Replied(orjson.dumps(self._operations[method](given)))


class Service:
    """The sidecar of one service, with everything but a process around it. `log` is this service's, leased by nobody
    else."""

    def __init__(self, service: str, log: Any, hosted: Hosted) -> None:
        self.service, self.log, self.hosted = service, log, hosted
        self.call_limits: Mapping[str, CallLimit] = {}
        self._flusher = Flusher(log)
        self._intake: Intake | None = None

    async def run(self, workers: Mapping[str, outstanding.Worker]) -> None:
        """Stop what runs, and start with what is hosted now. The workers are those of each class of roles."""
        await self.stop()
        tracing = Tracing(Telemetry(), {})
        self.calls = Calls(workers, tracing, call_limits=self.call_limits)
        self.waiters = Waiters()
        self.driver = Driver(
            self.service, self.hosted, self.log, self._flusher, self.calls, tracing, self.waiters.ended
        )
        self._relay = Relay(self.log, {}, self.driver.clashed)
        self._intake = Intake(f"{self.service}/{uuid4().hex}", self.log, self.driver, relayed=self._relay.wake)
        self.volatile = VolatileSessions(
            self.service,
            uuid4().hex,
            self.hosted,
            self.calls,
            tracing,
            self.driver.holding.holds,
            self.waiters.ended,
        )
        self.api = Api(
            self.service, self.hosted, self.log, self._flusher, self.driver, tracing, self.waiters, self.volatile
        )
        events = EventsAndTimers(self.service, self.hosted, self.log, self.api, self.driver.timer_set)
        people = Operators(self.service, self.hosted, self.log, self.api.deliver, self.api.hosted_here)
        self.methods = self.api.methods() | events.methods() | people.methods()
        self._relay.start()
        self._intake.start()
        while not self._intake.ready:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    def hear(self, heard: Heard) -> None:
        """What a notification says, as the process hears it."""
        if self._intake is not None:
            hear(heard, self.driver.holding, self._intake, self.waiters)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One request, as it comes over the wire; `arguments` and `value` may be bytes, to say how they are written."""
        given = {
            name: msgspec.Raw(value if isinstance(value, bytes) else orjson.dumps(value, default=str))
            for name, value in params.items()
        }
        found: dict[str, Any] = orjson.loads(await self.methods[method](given, None))
        return found

    async def stop(self) -> None:
        """Leave as a process does."""
        intake, self._intake = self._intake, None
        if intake is not None:
            await intake.stop()
            await self._relay.stop()
            await self.driver.drain(4.0)
            await intake.release()

    async def close(self) -> None:
        await self.stop()
        await self._flusher.close()


class Front(Service):
    """A service whose choreographies are texts. `classes` says which service plays a class of roles."""

    def __init__(self, service: str, log: Any, root: Path, worker: Worker, classes: Mapping[str, str]) -> None:
        self._root, self.worker, self._classes = root, worker, classes
        super().__init__(service, log, Hosted(service, self._bind, Here()))

    def _bind(self, name: str, roles: Mapping[str, str]) -> Mapping[str, str]:
        return {role: self._classes[cls] for role, cls in roles.items()}

    async def deploy(self, text: str) -> None:
        """Stop what runs, and start with this text as the choreography's module. Versions of before stay hosted."""
        await self.stop()
        file = self._root / f"{self.service}_{uuid4().hex[:8]}.py"
        file.write_text(text)
        self.hosted.add_files([file], self._root)
        sys.path.remove(str(self._root))
        await self.run(dict.fromkeys(self._classes, self.worker))

    def collector(self, **ages_ms: Any) -> Collector:
        return Collector(self.log, self.calls, **ages_ms)
