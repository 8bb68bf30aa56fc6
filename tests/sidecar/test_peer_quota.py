"""A peer that begins too many sessions here: its messages wait at its own side, and people are told once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from accompanist import limits
from accompanist.log.memory import MemoryDatabase, MemoryLog
from accompanist.sidecar.loops.peer_quota import PeerQuotas
from tests.log.letters import burst, header, message, row


async def open_one(sender: MemoryLog, receiver: MemoryLog) -> Sequence[Sequence[Any]]:
    of = header()
    answers = await sender.flush([burst(of, messages=(message(of),))])
    await receiver.flush([burst(of, session=row(of, "payment"))])
    return answers


async def test_it_is_said_when_a_peer_is_too_many_and_when_it_has_room_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "sessions_per_peer_max", 2)
    database = MemoryDatabase(["warehouse", "payment", "loyalty"])
    warehouse, payment = MemoryLog(database, "warehouse"), MemoryLog(database, "payment")
    for log, name in ((warehouse, "w"), (payment, "p")):
        await log.lease(name, limits.shards_count)
    quotas = PeerQuotas(payment)
    with capture_logs() as logged:
        await open_one(warehouse, payment)
        await quotas.step()
        assert logged == []
        await open_one(warehouse, payment)
        await quotas.step()
        await quotas.step()
        assert quotas.crowded("warehouse") and not quotas.crowded("loyalty")
        monkeypatch.setattr(limits, "sessions_per_peer_max", 3)
        await quotas.step()
    assert [(entry["event"], entry["peer"], entry["bound"]) for entry in logged] == [
        ("peer.crowded", "warehouse", "sessions"),
        ("peer.has_room", "warehouse", "sessions"),
    ]


@pytest.mark.parametrize(("peers", "each"), [(0, 10_000), (1, 10_000), (10, 10_000), (50, 2_000)])
async def test_what_all_peers_may_have_waiting_fits_into_what_may_wait(peers: int, each: int) -> None:
    database = MemoryDatabase(["warehouse", "payment"])
    log = MemoryLog(database, "payment")
    await PeerQuotas(log, peers).step()
    assert database.services["payment"].waiting_per_peer_max == each
    assert peers * each <= limits.inbox_early_rows_max
