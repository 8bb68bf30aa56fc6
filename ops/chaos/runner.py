"""Runs one fault after the other: inject it under load, heal, require progress, judge.

    python -m ops.chaos [--seed N] [--minutes M] [--only FAULT ...] [--rate 6] [--early WHO] [--json] [--list]

Faults that need the same deployment share one. The load never stops in it: while one fault is judged, the next orders
are under way. A seed fixes the order of the faults, their targets and the orders; it does not fix the exact times.
`--early` has `all` services release messages early (docs/durability.md), or `some`, which the seed draws.

The exit code is 1 if an invariant was broken, or if the run tested too little: nothing settled, nothing was undone, or
a fault never hit.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ops.chaos import (
    collector,
    deploys,
    hostile,
    kills,
    lines,
    logins,
    mail,
    network,
    pauses,
    pooler,
    renames,
    rolling,
    storage,
    worlds,
)
from ops.chaos.faults import Fault, Hurt
from ops.chaos.ground import SERVICES, Ground, NotHealed, early_release, ground
from ops.chaos.load import Load
from ops.chaos.oracles import STUCK_S, Breach, figures, judge_open, judge_orders, judge_rest, memory
from ops.chaos.report import Played, Report
from ops.local import ROOT

FAMILIES = (
    kills,
    pauses,
    network,
    lines,
    logins,
    renames,
    rolling,
    mail,
    pooler,
    collector,
    storage,
    worlds,
    deploys,
    hostile,
)
FAULTS: tuple[Fault, ...] = tuple(fault for family in FAMILIES for fault in family.FAULTS)
RATE = 6.0
WARM_S = 2.0

Tell = Callable[[str], None]


class Run:
    """A seed, and what came of it."""

    def __init__(self, seed: int, rate: float, tell: Tell, early: str = "") -> None:
        self.report = Report(seed)
        self._chance = random.Random(seed)
        self._early = early
        self._rate = rate
        self._tell = tell

    def play(self, faults: Sequence[Fault], directory: Path) -> None:
        """All of them, in a drawn order, layout by layout."""
        layouts = list({fault.layout.name: fault.layout for fault in faults}.values())
        for layout in layouts:
            chosen = [fault for fault in faults if fault.layout.name == layout.name]
            if layout.lacks is not None and (why := layout.lacks()):
                names = ", ".join(fault.name for fault in chosen)
                self.report.skipped.append(f"{names}: {why}")
                self._tell(f"-- skipped {names}: {why}")
                continue
            self._chance.shuffle(chosen)
            place = directory / layout.name
            _remove(place)
            self._tell(f"-- {layout.name}: bringing it up ...")
            releasing = [
                one for one in SERVICES if self._early == "all" or (self._early and self._chance.random() < 0.5)
            ]
            if releasing:
                self._tell(f"-- {layout.name}: {', '.join(releasing)} release early")
            with ground(replace(layout, environ={**layout.environ, **early_release(releasing)}), place) as stage:
                asyncio.run(self._attack(stage, chosen))
            if not self.report.breaches:
                _remove(place)

    async def _attack(self, stage: Ground, faults: Sequence[Fault]) -> None:
        await stage.all_ready()
        base = memory(stage)
        judged: set[int] = set()
        apis = [stage.api(name) for name in stage.asked]
        async with Load(apis, self._rate, self._chance, stage.layout.kinds, stage.layout.hostile) as load:
            stage.load = load
            await asyncio.sleep(WARM_S)
            for fault in faults:
                played = await self._one(stage, load, fault, judged)
                self.report.played.append(played)
                self._tell(played.line())
                for breach in played.breaches[:5]:
                    self._tell(f"     {breach}")
            await load.stop()
            stuck = await self._wait_for_all(load, time.monotonic())
            self.report.rest += stuck
            done = [order for order in load.history if order.outcomes]
            self.report.rest += [b for b in await judge_orders(stage, done) if b not in self.report.breaches]
            self.report.rest += await judge_open(stage, [order for order in load.history if not order.outcomes])
            self.report.rest += await judge_rest(stage, load.history, base)
            self.report.count(figures(load.history))

    async def _one(self, stage: Ground, load: Load, fault: Fault, judged: set[int]) -> Played:
        began = time.monotonic()
        breaches: list[Breach] = []
        try:
            hurt = await fault.harm(stage, random.Random(self._chance.random()))
        except NotHealed as problem:
            hurt = Hurt(1, "interrupted", (Breach("I4", fault.name, str(problem)),))
        stage.heal()
        healed = time.monotonic()
        breaches += hurt.breaches
        under_way = load.open_since(healed)
        breaches += await self._wait_for_all(load, healed)
        try:
            await stage.all_ready()
        except NotHealed as problem:
            breaches.append(Breach("I4", fault.name, str(problem)))
        fresh = [order for order in load.history if order.outcomes and order.number not in judged]
        judged.update(order.number for order in fresh)
        breaches += await judge_orders(stage, fresh)
        counted = figures(fresh)
        recovery_s = max((order.ended - healed for order in under_way if order.outcomes), default=0.0)
        return Played(
            fault.name, hurt.schedule, hurt.hits, healed - began, max(0.0, recovery_s),
            counted["orders"], counted["settled"], counted["ended"], breaches,
        )  # fmt: skip

    async def _wait_for_all(self, load: Load, healed: float) -> list[Breach]:
        """I4: what began before the healing ends in time."""
        while (waiting := load.open_since(healed)) and time.monotonic() < healed + STUCK_S:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        late = f"open {STUCK_S:.0f} s after it was healed"
        return [Breach("I4", order.session or order.key, f"{order.kind}: {late}") for order in waiting]


def _remove(place: Path) -> None:
    """What an earlier run left; started by root, Postgres keeps its data where its own user can reach it."""
    if (place / "postgres").is_symlink():
        shutil.rmtree((place / "postgres").resolve(), ignore_errors=True)
    shutil.rmtree(place, ignore_errors=True)


def play(
    faults: Sequence[Fault],
    directory: Path,
    *,
    seed: int,
    rate: float = RATE,
    minutes: float = 0.0,
    tell: Tell = print,
    early: str = "",
) -> Report:
    """One round, and further ones while minutes are left. Call it on the main thread."""
    run = Run(seed, rate, tell, early)
    until = time.monotonic() + minutes * 60
    while True:
        run.play(faults, directory)
        if time.monotonic() > until:
            return run.report


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.chaos", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--minutes", type=float, default=0.0, help="further rounds while minutes are left")
    names = [fault.name for fault in FAULTS]
    parser.add_argument("--only", action="append", default=[], choices=names, metavar="FAULT")
    parser.add_argument("--rate", type=float, default=RATE, help="orders a second")
    parser.add_argument("--early", choices=("all", "some"), default="", help="services that release messages early")
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "chaos")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--list", action="store_true", help="name the faults and do nothing")
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(f"{fault.name:<16} {fault.sentence}" for fault in FAULTS))
        return 0
    seed = random.SystemRandom().randrange(1_000_000) if asked.seed is None else asked.seed
    chosen = [fault for fault in FAULTS if not asked.only or fault.name in asked.only]
    began = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {text}", file=sys.stderr if asked.json else sys.stdout, flush=True)

    tell(f"seed {seed}: {len(chosen)} faults at {asked.rate:g} orders a second")
    report = play(
        chosen, asked.directory, seed=seed, rate=asked.rate, minutes=asked.minutes, tell=tell, early=asked.early
    )
    print(json.dumps(report.as_json()) if asked.json else report.text(str(asked.directory)))
    return 1 if report.failures() else 0


if __name__ == "__main__":
    sys.exit(main())
