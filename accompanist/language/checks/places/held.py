"""What is known of a name while places are found: who owns it, and what narrowed that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accompanist.language.ir import LeftOut, Owners


@dataclass(frozen=True, slots=True)
class Ownership:
    """Who owns a name here, and, where a branch or a loop narrowed that, on which line. `maybe`: unassigned on some
    path; `left_out`: because of what a match leaves out. `ways`: who owns it on each way, where these have nobody in
    common."""

    owners: Owners
    narrowed: int = 0
    maybe: bool = False
    loop: bool = False
    left_out: LeftOut | None = None
    ways: tuple[Owners, ...] = ()


Where = Mapping[str, Ownership]
"""The names that are assigned here, and the values that were moved here (`advisor`)."""
