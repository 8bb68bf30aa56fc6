"""Calling a worker as a sidecar does."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import orjson

from accompanist.language.values import codec
from accompanist.rpc.client import WorkerClient
from accompanist.runtime.answers import Answer, Replied

TIMEOUT_MS = 10_000


class Caller:
    """One role of one session, calling its worker."""

    def __init__(self, client: WorkerClient, session: UUID, role: str) -> None:
        self.client = client
        self.session = session
        self.role = role

    async def call(self, operation: str, site: str, kind: str = "forward", **arguments: Any) -> Answer:
        meta = {"session": str(self.session), "role": self.role, "site": site, "attempt": 1, "key": kind}
        return await self.client.call(operation, codec.encode(arguments), orjson.dumps(meta), TIMEOUT_MS)

    async def value(self, operation: str, site: str, type: Any, **arguments: Any) -> Any:
        answer = await self.call(operation, site, **arguments)
        assert isinstance(answer, Replied), answer
        return codec.decode(answer.value, type)

    async def close(self, unless: str | None = None) -> Any:
        arguments = orjson.dumps({"session": str(self.session), "role": self.role, "unless": unless})
        answer = await self.client.call("accompanist.close", arguments, b"{}", TIMEOUT_MS)
        assert isinstance(answer, Replied), answer
        return json.loads(answer.value)
