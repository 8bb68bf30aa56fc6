"""What a deployment asks of its logs while it has nothing to do, counted by query: its CPU time follows from that.

Real sidecars run in virtual time, without faults and without a session, so a minute takes no time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest

from accompanist import limits
from accompanist.log.memory import MemoryLog
from accompanist.simulation.clusters.cluster import Cluster
from accompanist.simulation.clusters.faults import FaultInjector, FaultKind
from tests.simulation.subjects import subjects

MINUTE_S = 60.0
EXPECTED = {
    "lease": MINUTE_S / (limits.lease_renew_ms / 1000),  # which says, too, whether anything else waits
    "collect": MINUTE_S / (limits.collect_pause_ms / 1000),  # at the least age of all; `pause_ms` by what is kept
    "forget": MINUTE_S / (limits.collect_pause_ms / 1000),
}
"""Questions of one sidecar in a minute, by the log's methods. A sidecar that asks for more needs a reason here."""


@pytest.mark.parametrize("seed", range(6))
def test_a_sidecar_without_work_asks_for_its_leases_and_no_more(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: Counter[str] = Counter()
    cluster = Cluster(
        seed, FaultInjector(seed, lambda kind, about: None, frozenset(FaultKind)), subjects()[:2], keep=False
    )
    monkeypatch.setattr(cluster.deploy, "planned", False)

    def counting(name: str) -> Any:
        method = getattr(MemoryLog, name)

        async def counted(self: MemoryLog, *given: Any, **named: Any) -> Any:
            asked[name] += 1
            return await method(self, *given, **named)

        return counted

    for name in (
        "lease",
        "take",
        "resend",
        "undelivered",
        "due",
        "relay",
        "collect",
        "forget",
        "flush",
        "kept",
        "crowd",
    ):
        monkeypatch.setattr(MemoryLog, name, counting(name))

    async def a_minute() -> None:
        for service in cluster.services:
            cluster.add(service, 0)
        await asyncio.sleep(MINUTE_S)  # they come up, and have looked at what may have been left by others
        asked.clear()
        await asyncio.sleep(MINUTE_S)

    asyncio.set_event_loop(None)
    try:
        cluster.loop.run_until_complete(a_minute())
    finally:
        cluster.loop.end()
    sidecars = len(cluster.services)
    assert set(asked) == set(EXPECTED)
    assert {name: count for name, count in asked.items() if count > EXPECTED[name] * sidecars} == {}
