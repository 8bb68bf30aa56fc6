"""What is told of a span and of a call, before any SDK: plain records that a test can compare.

`Span` is what `telemetry.spans` hands to its sink; only `telemetry.otlp` knows how OpenTelemetry's SDK
spells one.
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


@dataclass(frozen=True, slots=True)
class Span:
    """A finished span, before any SDK. `at` names the span itself; `error` is empty where it went well."""

    name: str
    kind: SpanKind
    at: ctx.Parent
    parent: ctx.Parent | None
    link: ctx.Parent | None
    attributes: dict[str, Value]
    start_ns: int
    end_ns: int
    error: str = ""


class Address(NamedTuple):
    """Where a worker is, as the conventions want it: a host with its port, or a socket's path."""

    host: str
    port: int | None = None

    @staticmethod
    def of(url: str) -> Address:
        scheme, _, rest = url.partition(":")
        if scheme in ("unix", "http+unix"):
            return Address(rest)
        parts = urlsplit(url if "//" in url else f"{scheme}://{rest}")
        return Address(parts.hostname or "", parts.port)


Sink = Callable[[Span], None]


NOWHERE = Address("")


@dataclass(frozen=True, slots=True)
class CallFacts:
    """Which call: what its two spans say alike. `kind` is "forward" or "compensate"."""

    role: str
    role_class: str
    operation: str
    site: str
    kind: str = "forward"
    attempt: int = 1
    address: Address = NOWHERE

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
