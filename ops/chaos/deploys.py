"""Keys across a deploy: clients repeat their keys and requests before, during and after the deployment of a program
whose orders have one more field, and again while the old program is restored.

The field has a default, so a client's request is valid for both programs, but each program reads another value from it.
The answer has to be the same session, new only once, with the same outcome. A different request under the key is
refused, even if it differs only in the new field. The old program is restored within the fault, because then there are
keys of orders that only the new program has begun.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

from ops.chaos.faults import Fault, Hurt
from ops.chaos.ground import Ground, Layout
from ops.chaos.load import KEY_TAKEN, Load, Order
from ops.chaos.oracles import Breach
from ops.chaos.rolling import told_to_end
from ops.upgrade import Project, widen

AGAIN = 40
"""How many keys are said again at a time."""
STAGGER_S = 1.0
BEGUN_S = 3.0
"""How long a program has to begin orders of its own."""

DEPLOYED = Layout("deployed", config=lambda directory: Project(directory / "project").config)


class Clients:
    """Those who say again what they have said. `told`: how many were answered, `refused`: how many others were."""

    def __init__(self, load: Load, chance: random.Random) -> None:
        self._load = load
        self._chance = chance
        self.told = 0
        self.refused = 0

    @property
    def orders(self) -> list[Order]:
        """Those whose start has been answered."""
        return [order for order in self._load.history if order.session]

    async def again(self, orders: Sequence[Order]) -> None:
        """Some of these say the same again, and some of them something else under the same key."""
        chosen = self._chance.sample(orders, min(AGAIN, len(orders)))
        chances = [random.Random(self._chance.random()) for _ in chosen]
        pairs = list(zip(chosen, chances, strict=True))
        await asyncio.gather(*(self._load.again(order, chance) for order, chance in pairs))
        self.told += len(pairs)
        others = [self._load.something_else(order, chance) for order, chance in pairs[::4]]
        noted = [self._load.something_else(order, chance, note="fragile") for order, chance in pairs[1::4]]
        self.refused += (await asyncio.gather(*others, *noted)).count(KEY_TAKEN)


async def keys(ground: Ground, chance: random.Random) -> Hurt:
    assert ground.load is not None
    clients = Clients(ground.load, chance)
    old = await _programs(ground)
    await asyncio.sleep(BEGUN_S)
    await clients.again(clients.orders)
    first = list(clients.orders)
    await _deploy(ground, chance, clients, wide=True)
    new = await _programs(ground)
    wrong = [Breach("I6", name, "runs the old program after the deploy") for name in new if new[name] == old[name]]
    clients.told = 0
    await clients.again(first)
    up, began = clients.told, len(ground.load.history)
    await asyncio.sleep(BEGUN_S)
    second = [order for order in ground.load.history[began:] if order.session]
    await _deploy(ground, chance, clients, wide=False)
    wrong += [
        Breach("I6", name, "is not what it was before")
        for name, one in (await _programs(ground)).items()
        if one != old[name]
    ]
    clients.told = 0
    await clients.again(second)
    down = clients.told
    told = f"{up} keys of the old program said to the new one, {down} back; {clients.refused} other requests refused"
    return Hurt(min(up, down, clients.refused), told, tuple(wrong))


async def _deploy(ground: Ground, chance: random.Random, clients: Clients, *, wide: bool) -> None:
    """One replica of each service, then the others; clients go on meanwhile."""
    widen(ground.running.config.root, wide)
    services = list(dict.fromkeys(name.partition("-")[0] for name in ground.sidecars))
    waves = [[ground.sidecars_of(service)[n] for service in services] for n in range(ground.layout.replicas)]
    chance.shuffle(waves)
    for wave in waves:
        late = [chance.random() * STAGGER_S for _ in wave]
        rolled = asyncio.gather(*(_roll(ground, name, after) for name, after in zip(wave, late, strict=True)))
        await clients.again(clients.orders)
        await rolled
        await clients.again(clients.orders)


async def _roll(ground: Ground, name: str, after_s: float) -> None:
    await asyncio.sleep(after_s)
    await told_to_end(ground, name)
    await ground.until(lambda: ground.ready(name), f"{name} is ready again")


async def _programs(ground: Ground) -> dict[str, str]:
    """Which version of the order saga each sidecar begins orders with."""
    pages = {name: (await ground.page(name, "/health"))[1] for name in ground.sidecars}
    return {name: page["choreographies"]["fulfil_order"] for name, page in pages.items()}


FAULTS = (Fault("keys-deploy", "the same keys again across a deploy with one field more, and back", keys, DEPLOYED),)
