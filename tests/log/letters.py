"""Sessions and messages to write with: three roles, three services, and one binding to a service that is not here."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import orjson

from accompanist.limits import shards_count
from accompanist.runtime.messages import Header, Kind, Message, shard_of
from accompanist.runtime.ports import Commit, Phase, ResultKind, ResultRow, SessionRow, TimerRow

BINDINGS = {
    "warehouse": "warehouse",
    "stock": "warehouse",
    "payment": "payment",
    "loyalty": "loyalty",
    "lost": "nobody",
}


def header(session: UUID | None = None, **changes: Any) -> Header:
    told: dict[str, Any] = {
        "session": session or uuid4(),
        "choreography": "fulfil_order",
        "fingerprint": "f0",
        "initiator": "warehouse",
        "bindings": BINDINGS,
        "started_at": 1_700_000_000.0,
    }
    return Header(**(told | changes))


def message(of: Header, site: str = "1", receiver: str = "payment", **changes: Any) -> Message:
    told: dict[str, Any] = {
        "header": of,
        "kind": Kind.DATA,
        "site": site,
        "sender": "warehouse",
        "receiver": receiver,
        "payload": b'{"n":1}',
        "context": {"traceparent": "00-1-2-01"},
    }
    return Message(**(told | changes))


def row(of: Header, role: str = "warehouse", **changes: Any) -> SessionRow:
    told: dict[str, Any] = {"header": of, "role": role, "phase": Phase.RUNNING}
    return SessionRow(**(told | changes))


def result(of: Header, site: str = "1", **changes: Any) -> ResultRow:
    told: dict[str, Any] = {
        "session": of.session,
        "role": "warehouse",
        "site": site,
        "kind": ResultKind.FORWARD,
        "operation": "reserve",
        "digest": b"\x00\xff",
        "outcome": "replied",
        "value": b'{"n":1}',
    }
    return ResultRow(**(told | changes))


def timer(of: Header, site: str = "7", seconds: float = 60.0, **changes: Any) -> TimerRow:
    told: dict[str, Any] = {
        "session": of.session,
        "role": "warehouse",
        "site": site,
        "operation": "role.sleep",
        "seconds": seconds,
    }
    return TimerRow(**(told | changes))


def shard(of: Header) -> int:
    return shard_of(of.session, shards_count)


def burst(of: Header, **parts: Any) -> Commit:
    """A commit of that session under its shard's lease."""
    return Commit(shard=shard(of), **parts)


def decided(of: Header, epoch: int = 1, **parts: Any) -> Commit:
    """The same as the group commit is given it: with the epoch that it was decided under."""
    return burst(of, epoch=epoch, **parts)


def start(of: Header, payload: bytes = b"{}") -> Commit:
    """What a client's start is: a message to the own service, guarded by no lease."""
    first = message(of, "start", "warehouse", kind=Kind.START, sender="", payload=payload)
    return Commit(shard=None, messages=(first,))


def order(of: Header, role: str, verb: str, who: str, why: str, **more: str) -> Message:
    """A person's verb, as the API hands it in."""
    payload = orjson.dumps({"verb": verb, "who": who, "why": why, **more})
    return message(of, f"!operator/{uuid4().hex}", role, sender="", kind=Kind.OPERATOR, payload=payload)
