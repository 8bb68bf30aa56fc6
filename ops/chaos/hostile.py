"""A hostile service: a process with loyalty's login, or its tokens, sends any message that these allow
(`ops.chaos.liar`), beside loyalty's own sidecars, the load, and kills.

The ledgers of the other services are judged. Orders that need loyalty may stay open; those that end are all done or
all undone at the warehouse and at payment. Orders that do not need loyalty, and all answers to clients, are judged as
usual.
"""

from __future__ import annotations

import asyncio
import json
import random
import signal
import sys
from pathlib import Path

from accompanist import postgres_server as postgres
from accompanist.log import names
from ops.chaos.faults import Fault, Hurt
from ops.chaos.ground import SERVICES, Ground, Layout
from ops.chaos.oracles import Breach
from ops.local import ROOT

LYING_S = 75.0
STILL_S = 3.0
LIAR = "loyalty"
KINDS = {"pickup": 45, "unpaid-pickup": 15, "plain": 22, "large": 9, "unpaid": 5, "cancelled": 4}
BOTH, NEEDLESS = "workers/orders/choreography.py", "ops/chaos/pickup.py"
HOSTED = {"Warehouse": (BOTH, NEEDLESS), "Payment": (BOTH, NEEDLESS), "Loyalty": (BOTH,)}


def _config(directory: Path) -> Path:
    """The order saga's deployment, with a choreography more that does not need the liar."""
    lines = []
    for role, files in HOSTED.items():
        name, hosted = role.lower(), ", ".join(f'"{file}"' for file in files)
        lines += [f"[service.{name}]", f'workers = {{ {role} = "unix:{name}.sock" }}', f"choreographies = [{hosted}]"]
    root = directory / "project"  # a configuration's paths are below it
    root.mkdir(exist_ok=True)
    for name in ("workers", "ops", "pyproject.toml"):
        (root / name).unlink(missing_ok=True)
        (root / name).symlink_to(ROOT / name)
    file = root / "accompanist.toml"
    file.write_text("\n".join(lines) + "\n")
    return file


# what was left as it is says so in its row, which has to be there when the order is judged
KEPT = {f"ACCOMPANIST_SERVICE_{service.upper()}_COLLECT_AFTER_S": "600" for service in SERVICES}
LOGIN = Layout("hostile", environ=KEPT, config=_config, kinds=KINDS, hostile=LIAR)
TOKEN = Layout("hostile-apart", replicas=1, apart=True, environ=KEPT, config=_config, kinds=KINDS, hostile=LIAR)
_SAID = ("stored", "full", "refused", "clash", "closed", "same")


async def _stand_still(ground: Ground) -> None:
    """Its own worker stands still now and then, so that orders are open for longer, and lies find them so."""
    while True:
        ground.signal(f"{LIAR}-worker", signal.SIGSTOP)
        await asyncio.sleep(STILL_S)
        ground.signal(f"{LIAR}-worker", signal.SIGCONT)
        await asyncio.sleep(STILL_S)


async def lies(ground: Ground, chance: random.Random) -> Hurt:
    """It lies for a while; an honest process is killed now and then."""
    dsn = ground.running.in_own_database(LIAR, postgres.dsn(ground.running.run, names.sidecar_role(LIAR)))
    command = [
        sys.executable,
        "-m",
        "ops.chaos.liar",
        "--seconds",
        str(LYING_S),
        "--seed",
        str(chance.randrange(10**6)),
    ]
    command += ["--database", dsn, *(["--sockets", str(ground.running.run)] if ground.layout.apart else [])]
    honest = [name for name in ground.sidecars if not name.startswith(LIAR)]
    liar = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        pids = {name: ground.pid(name) for name in honest}
        standing = asyncio.create_task(_stand_still(ground))
        await asyncio.sleep(LYING_S / 3)
        died = [Breach("I7", name, "died of a message") for name, pid in pids.items() if ground.pid(name) != pid]
        victim = chance.choice(honest)
        await ground.kill(victim)
        pids = {name: ground.pid(name) for name in honest}
        told, _ = await asyncio.wait_for(liar.communicate(), LYING_S + 60)
        died += [Breach("I7", name, "died of a message") for name, pid in pids.items() if ground.pid(name) != pid]
    finally:
        standing.cancel()
        if liar.returncode is None:
            liar.kill()
    answers = json.loads(told) if told else {}
    return Hurt(sum(answers.get(name, 0) for name in _SAID), f"{victim} killed; {answers}", tuple(died))


FAULTS = (
    Fault("hostile-login", "a peer that says anything its database login allows", lies, LOGIN),
    Fault("hostile-token", "a peer that says anything its token allows, each service in its own database", lies, TOKEN),
)
