"""Plain records of spans and calls, independent of any SDK, which tests can compare.

`telemetry.spans` hands a `Span` to its sink; only `telemetry.otlp` converts it for OpenTelemetry's SDK.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import urlsplit

from accompanist.telemetry import context as ctx
from accompanist.telemetry import names

Value = str | int | float | bool


class SpanKind(StrEnum):
    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


class Span(NamedTuple):
    """A finished span. `at`: its own ids; `error`: empty if it succeeded."""

    name: str
    kind: SpanKind
    at: ctx.Parent
    parent: ctx.Parent | None
    link: ctx.Parent | None
    attributes: dict[str, Value]
    start_ns: int
    end_ns: int
    error: str = ""


class WorkerAddress(NamedTuple):
    """A worker's address as the conventions define it: a host with its port, or a socket's path."""

    host: str
    port: int | None = None

    @staticmethod
    def of(url: str) -> WorkerAddress:
        scheme, _, rest = url.partition(":")
        if scheme in ("unix", "http+unix"):
            return WorkerAddress(rest)
        parts = urlsplit(url if "//" in url else f"{scheme}://{rest}")
        return WorkerAddress(parts.hostname or "", parts.port)


Sink = Callable[[Span], None]


NOWHERE = WorkerAddress("")


@dataclass(frozen=True, slots=True)
class CallFacts:
    """The facts that both spans of a call share. `kind` is "forward" or "compensate"."""

    role: str
    role_class: str
    operation: str
    site: str
    kind: str = "forward"
    attempt: int = 1
    address: WorkerAddress = NOWHERE

    def attributes(self, method: str, error: str) -> dict[str, Value]:
        facts: dict[str, Value] = {
            names.RPC_SYSTEM: "jsonrpc",
            names.RPC_METHOD: method,
            names.JSONRPC_VERSION: "2.0",
            names.SITE: self.site,
            names.CALL_KIND: self.kind,
            names.CALL_ATTEMPT: self.attempt,
        }
        if error:
            facts[names.ERROR_TYPE] = error
            if error.lstrip("-").isdigit():
                facts[names.RPC_STATUS] = error
        return facts
