"""One service as its clients see it: the real API over the real driver, with a log that is Postgres's or its fake.

A choreography is a text, compiled and hosted as a deploy would; `deploy` brings another text. The worker answers each
operation by a function of its arguments.
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
from accompanist.rpc import meta as rpc_meta
from accompanist.runtime.answers import Answer, Replied
from accompanist.sidecar.api import Api
from accompanist.sidecar.calls import CLOSE, Calls
from accompanist.sidecar.collection import Collector
from accompanist.sidecar.driver import Driver
from accompanist.sidecar.hosting import Hosted
from accompanist.sidecar.intake import Intake
from accompanist.sidecar.operating import Operators
from accompanist.sidecar.outside import Outside
from accompanist.sidecar.tracing import Tracing
from accompanist.sidecar.waiters import Waiters
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


class Front:
    """`log` is this service's, leased by nobody else."""

    def __init__(self, service: str, log: Any, root: Path, worker: Worker, classes: Mapping[str, str]) -> None:
        self.service, self.log, self._root, self.worker = service, log, root, worker
        self._classes = classes
        self._deploys = 0
        self._flusher = Flusher(log)
        self.hosted = self._new_hosted()
        self._intake: Intake | None = None

    def _new_hosted(self) -> Hosted:
        return Hosted(self.service, lambda name, roles: {role: self._classes[cls] for role, cls in roles.items()})

    async def deploy(self, text: str) -> None:
        """Stop what runs, and start with this text as the choreography's module. Versions of before stay hosted."""
        if self._intake is not None:
            await self._intake.stop()
            await self._driver.drain(4.0)
            await self._intake.release()
        self._deploys += 1
        file = self._root / f"{self.service}_{uuid4().hex[:8]}.py"
        file.write_text(text)
        self.hosted.add_files([file], self._root)
        sys.path.remove(str(self._root))
        tracing = Tracing(Telemetry(), {})
        self.calls = Calls(dict.fromkeys(self._classes, self.worker), tracing)
        self.waiters = Waiters()
        self._driver = Driver(
            self.service, self.hosted, self.log, self._flusher, self.calls, tracing, self.waiters.ended
        )
        self._intake = Intake(f"{self.service}/{uuid4().hex}", self.log, self._driver)
        self.api = Api(self.service, self.hosted, self.log, self._flusher, self._driver, tracing, self.waiters)
        outside = Outside(self.service, self.hosted, self.log, self.api, lambda seconds: self._driver.timed(seconds))
        people = Operators(self.service, self.hosted, self.log, self.api.deliver, self.api.hosted_here)
        self.methods = self.api.methods() | outside.methods() | people.methods()
        self._intake.start()
        while not self._intake.ready:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    async def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """One request, as it comes over the wire; `arguments` and `value` may be bytes, to say how they are written."""
        given = {
            name: msgspec.Raw(value if isinstance(value, bytes) else orjson.dumps(value, default=str))
            for name, value in params.items()
        }
        found: dict[str, Any] = orjson.loads(await self.methods[method](given, None))
        return found

    def collector(self, **ages_ms: Any) -> Collector:
        return Collector(self.log, self.calls, **ages_ms)

    async def close(self) -> None:
        if self._intake is not None:
            await self._intake.stop()
            await self._driver.drain(4.0)
            await self._intake.release()
        await self._flusher.close()
