"""Logins with another name: in a sidecar's configuration, and on the server while connections are open.

A log identifies a service by the name of its login. A sidecar that logs in under another name has to refuse to start. A
sidecar whose login is renamed keeps its connections, which have the new name from then on. It must send nothing under
that name: its messages would count as no service's, or as another one's, and be lost.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence

from accompanist.log import names
from accompanist.postgres_server import SUPERUSER
from ops.chaos.faults import LEASE_S, MAIN, Fault, Hurt
from ops.chaos.ground import SERVICES, Ground
from ops.chaos.oracles import Breach
from ops.chaos.rolling import REFUSED_S, refusing

LOOKED_S = 0.2
UNREADY_S = LEASE_S + 5.0
"""By when a sidecar that can commit nothing any more says so."""
NOT_PERMITTED, OTHER_LOGIN = "ACC405", "ACC411"
NEW_NAMES = ("{}_away", "elsewhere_sidecar")
"""One that is no sidecar's, and one of a service that nobody knows."""

Renames = Sequence[tuple[str, str]]


async def other_login(ground: Ground, chance: random.Random) -> Hurt:
    """One or all sidecars of a service are started with an address of another login: a peer's, the worker's, or the
    administrator's."""
    service = chance.choice(SERVICES)
    peer = names.sidecar_role(chance.choice([other for other in SERVICES if other != service]))
    login = chance.choice([peer, names.worker_role(service), SUPERUSER])
    sidecars = chance.sample(ground.sidecars_of(service), chance.choice([1, ground.layout.replicas]))
    variable = f"ACCOMPANIST_SERVICE_{service.upper()}_DATABASE"
    for name in sidecars:
        address = ground.running.in_own_database(service, ground.dsn(name, login))
        ground.tell(name, **{variable: address})
    try:
        refused, ready = await refusing(ground, sidecars, OTHER_LOGIN)
        written = await _written(ground, service) if len(sidecars) == ground.layout.replicas else 0
    finally:
        for name in sidecars:
            ground.tell(name)
    wrong = [Breach("I6", name, f"works as {login}") for name in ready]
    if written:
        wrong.append(Breach("I6", service, f"{written} of its sessions were written by {login}"))
    return Hurt(refused, f"{' and '.join(sidecars)} as {login}: refused {refused} times", tuple(wrong))


async def _written(ground: Ground, service: str) -> int:
    """How many sessions of a service that has no sidecar are written meanwhile."""
    query = f"SELECT count(*) FROM {service}.session WHERE updated_at > $1"  # noqa: S608 (a name of ours)
    now = await ground.value("SELECT clock_timestamp()", service=service)
    await asyncio.sleep(REFUSED_S / 2)
    return int(await ground.value(query, now, service=service))


async def renamed(ground: Ground, chance: random.Random) -> Hurt:
    """A service's login has another name for a while."""
    service = chance.choice(SERVICES)
    login = names.sidecar_role(service)
    return await _renamed(ground, chance, [service], [(login, chance.choice(NEW_NAMES).format(service))])


async def swapped(ground: Ground, chance: random.Random) -> Hurt:
    """Two services' logins have each other's names for a while, and so have their open connections."""
    pair = chance.sample(SERVICES, 2)
    first, second = (names.sidecar_role(service) for service in pair)
    return await _renamed(ground, chance, pair, [(first, "between"), (second, first), ("between", second)])


async def _renamed(ground: Ground, chance: random.Random, services: Sequence[str], renames: Renames) -> Hurt:
    """The sidecars of these services have to say that they are not ready, and nothing else; one that is started has to
    refuse."""
    affected = [name for service in services for name in ground.sidecars_of(service)]
    victim, refusals = chance.choice(affected), ground.said(NOT_PERMITTED)
    believed, unheard = 0, ground.said("log.unavailable")
    await _rename(ground, renames)
    try:
        began = time.monotonic()
        await ground.kill(victim)
        await ground.until(lambda: ground.said(NOT_PERMITTED) > refusals, f"{victim} refuses with {NOT_PERMITTED}")
        while time.monotonic() < began + UNREADY_S:
            believed = max(believed, await _misnamed(ground))
            await asyncio.sleep(LOOKED_S)
        ready = [name for name in affected if await ground.ready(name)]
    finally:
        await _rename(ground, [(after, before) for before, after in reversed(renames)])
    wrong = [Breach("I6", name, "is ready, and its login has another name") for name in ready]
    if believed:
        wrong.append(Breach("I6", " and ".join(services), f"{believed} messages were stored under another name"))
    heard = ground.said("log.unavailable") - unheard
    if heard < len(affected) - 1:
        wrong.append(Breach("I6", " and ".join(affected), f"said {heard} times that the log is not to be had"))
    told = ", ".join(f"{before} to {after}" for before, after in renames)
    return Hurt(heard, f"{told}; {victim} killed; the log was unavailable {heard} times", tuple(wrong))


async def _rename(ground: Ground, renames: Renames) -> None:
    """All in one commit."""
    each = "; ".join(f"ALTER ROLE {names.identifier(a)} RENAME TO {names.identifier(b)}" for a, b in renames)
    await ground.sql(f"DO $$BEGIN {each}; END$$")


async def _misnamed(ground: Ground) -> int:
    """Messages in inboxes that came from another service than the one that plays their sender."""
    queries = [
        f"SELECT count(*) FROM {service}.inbox WHERE sender_service <> coalesce(nullif(sender, ''), '{service}')"  # noqa: S608
        for service in SERVICES
    ]
    return sum([await ground.value(query, service=service) for query, service in zip(queries, SERVICES, strict=True)])


FAULTS = (
    Fault("other-login", "sidecars started with another login than their own", other_login, MAIN),
    Fault("renamed-login", "a login renamed under its open connections", renamed, MAIN),
    Fault("swapped-logins", "two services' logins renamed to each other's", swapped, MAIN),
)
