"""The interface of a fault, for the runner.

A fault is injected under load, and returns when it is over. It counts how often it really hit. A fault that never hit
fails the run, because it tested nothing. The runner repairs what it leaves behind before it requires progress.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from accompanist import limits
from ops.chaos.ground import Ground, Layout
from ops.chaos.oracles import Breach

LEASE_S = limits.lease_ms / 1000

Harm = Callable[[Ground, random.Random], Awaitable["Hurt"]]


@dataclass(frozen=True)
class Hurt:
    """What a fault did: how often it hit, the schedule in words, and what it found broken by itself."""

    hits: int
    schedule: str = ""
    breaches: tuple[Breach, ...] = ()


@dataclass(frozen=True)
class Fault:
    """`harm` gets the ground and a chance of its own, seeded."""

    name: str
    sentence: str
    harm: Harm
    layout: Layout


MAIN = Layout("main")
