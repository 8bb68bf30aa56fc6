"""Odd headers in messages of an authenticated peer that plays a role: no session believes them, and they hold up no
other message.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from accompanist.rpc import peers
from accompanist.runtime.messages import Header
from tests.log.letters import burst, header, message
from tests.log.worlds import World, owner

ODD: dict[str, dict[str, Any]] = {
    "choreography with NUL": {"choreography": "ful\0fil"},
    "choreography with ESC": {"choreography": "fulfil\x1b[2J"},
    "choreography too long": {"choreography": "f" * 60_000},
    "no choreography": {"choreography": ""},
    "initiator with NUL": {"initiator": "ware\0house"},
    "fingerprint": {"fingerprint": "\x9b31m"},
    "mode": {"mode": "zzz"},
    "attributes with NUL": {"attributes": {"a\0": "b\0"}},
    "attributes with a line's end": {"attributes": {"a": "b\nc"}},
    "attributes too many": {"attributes": {f"k{n}": "v" * 20 for n in range(1_500)}},
    "started for ever": {"started_at": 1e308},
    "started never": {"started_at": -1e308},
    "due for ever": {"deadline": 1e308},
    "due never": {"deadline": -1e308},
    "a role that is none": {"bindings": {"warehouse": "warehouse", "payment": "payment", "x\x1b": "loyalty"}},
    "a service that is none": {"bindings": {"warehouse": "warehouse", "payment": "payment", "loyalty": "x\n"}},
}


async def test_odd_headers_are_believed_by_nobody_and_stop_nobody(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    odd = [header(**changes) for changes in ODD.values()]
    good = [header() for _ in range(3)]
    mixed = [*odd[:8], good[0], good[1], *odd[8:], good[2]]
    await log.flush([burst(of, messages=(message(of),)) for of in mixed])
    taken = await payment.take(100)
    assert {entry.message.session for entry in taken} == {of.session for of in good}
    memories = await payment.load([(of.session, "payment") for of in odd])
    assert [memory.inbox for memory in memories] == [()] * len(odd)
    for of in odd:
        assert not await payment.page(of.session, "payment", "1", "warehouse")


async def test_odd_places_are_believed_by_nobody(world: World) -> None:
    log, payment = await owner(world, "warehouse"), await owner(world, "payment")
    of = header()
    told = tuple(message(of, site=site) for site in ("1\x1b[2J", "2\n", "3"))
    await log.flush([burst(of, messages=told)])
    assert [entry.message.site for entry in await payment.take(100)] == ["3"]


@pytest.mark.parametrize("changes", ODD.values(), ids=ODD)
def test_a_peer_in_another_database_cannot_bring_one(changes: dict[str, Any]) -> None:
    of: Header = header(**changes)
    with pytest.raises(msgspec.DecodeError):
        _read(peers.arguments([message(header()), message(of)]))


def test_trace_headers_that_are_none_come_with_nothing() -> None:
    context = {"traceparent": "x\0", "baggage": "\x1b[2J", "tracestate": "v=1", "more": "of it"}
    [told] = _read(peers.arguments([message(header(), context=context)]))
    assert told.context == {"tracestate": "v=1"}


def _read(arguments: bytes) -> list[Any]:
    return peers.read(bytes(msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])["messages"]))
