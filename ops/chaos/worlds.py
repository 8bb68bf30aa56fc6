"""Other deployments: a server with other defaults, a database for each service, a worker without a fence. Few faults
are injected in them; the invariants are the same."""

from __future__ import annotations

import asyncio
import json
import random

from ops.chaos import kills, pauses, plain_loyalty
from ops.chaos.faults import Fault, Hurt
from ops.chaos.ground import Ground, Layout

DEFAULTS = {
    "default_transaction_isolation": "repeatable read",
    "jit": "on",
    "jit_above_cost": "0",
    "jit_inline_above_cost": "0",
    "jit_optimize_above_cost": "0",
    "enable_indexscan": "off",
    "DateStyle": "SQL, DMY",
    "IntervalStyle": "sql_standard",
    "TimeZone": "Pacific/Chatham",
    "bytea_output": "escape",
    "extra_float_digits": "-10",
    "row_security": "off",
    "lock_timeout": "20000",
    "idle_in_transaction_session_timeout": "20000",
}
STRANGE = Layout("strange", postgres=DEFAULTS)
APART = Layout("apart", replicas=1, apart=True)
PLAIN = Layout(
    "plain",
    plain=("loyalty",),
    environ={
        "ACCOMPANIST_SERVICE_LOYALTY_RETRY": json.dumps(
            {name: {"timeout_ms": plain_loyalty.TIMEOUT_MS} for name in ("award", "revoke")}
        )
    },
)
WATCHED_S = 10.0
_REPEATED = """
SELECT coalesce(sum(n - 1), 0)
FROM (SELECT count(*) AS n FROM loyalty_worker.deed WHERE operation = 'award' GROUP BY session, site) d"""


async def strange(ground: Ground, chance: random.Random) -> Hurt:
    """Nothing but the defaults; those that hit are those that a stranger's session has."""
    shown = {name: (await ground.value("SELECT current_setting($1)", name)).replace(" ", "") for name in DEFAULTS}
    hits = sum(shown[name] != "" for name in DEFAULTS)
    isolation = shown["default_transaction_isolation"]
    return Hurt(hits if isolation == "repeatableread" else 0, f"isolation {isolation}, jit {shown['jit']}")


async def late_calls(ground: Ground, chance: random.Random) -> Hurt:
    """Calls that come when they were given up, and nothing else; what hit is counted as repeated awards."""
    before = await ground.value(_REPEATED)
    await asyncio.sleep(WATCHED_S)
    after = await ground.value(_REPEATED)
    return Hurt(int(after - before), f"{after - before} awards were given again")


async def plain_killed(ground: Ground, chance: random.Random) -> Hurt:
    """Sidecars and the worker without a fence, while calls that were given up are still on their way."""
    hits, killed = 0, []
    for _ in range(3):
        victim = chance.choice(["loyalty", "loyalty-2", "loyalty-worker"])
        hits += await ground.kill(victim)
        killed.append(victim)
    return Hurt(hits, ", ".join(killed))


FAULTS = (
    Fault("strange", "a server with a stranger's defaults: isolation, planner, formats", strange, STRANGE),
    Fault("strange-kill", "SIGKILL of two processes at once on such a server", kills.two, STRANGE),
    Fault("strange-sleep", "sidecars asleep past their lease on such a server", pauses.sidecar, STRANGE),
    Fault("apart-kill", "SIGKILL of two processes at once, each service in a database of its own", kills.two, APART),
    Fault("apart-sleep", "sidecars asleep past their lease, likewise", pauses.sidecar, APART),
    Fault("apart-postgres", "SIGKILL of the postmaster, likewise", kills.postmaster, APART),
    Fault("plain-late", "a worker without a fence that does late what was given up", late_calls, PLAIN),
    Fault("plain-kill", "SIGKILL of its sidecars and of itself", plain_killed, PLAIN),
    Fault("plain-sleep", "its sidecars asleep past their lease", pauses.sidecar, PLAIN),
)
