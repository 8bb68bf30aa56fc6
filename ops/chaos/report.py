"""Prints the results of a run: a line for each fault, and at the end whether the run passed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ops.chaos.oracles import CONNECTIONS_MAX, MEMORY_GROWTH_MAX, STUCK_S, Breach

BOUNDS = f"""\
bounds: I4 every order ends within {STUCK_S:.0f} s of the healing; I7 queues empty within {STUCK_S:.0f} s of the last \
order, nothing open or in
memory, at most {CONNECTIONS_MAX["sidecar"]} connections a sidecar and {CONNECTIONS_MAX["worker"]} a worker, \
{MEMORY_GROWTH_MAX // 1_000_000} MB of growth a process; I1, I2, I3, I5, I6, I8 none at all."""


@dataclass
class Played:
    """One fault in one round."""

    fault: str
    schedule: str
    hits: int
    harm_s: float
    recovery_s: float
    """From the healing until the last order that was under way then had ended."""
    orders: int
    settled: int
    ended: int
    breaches: list[Breach] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return self.hits > 0 and not self.breaches

    def line(self) -> str:
        mark = "ok" if self.good else "NO"
        return (
            f"{mark} {self.fault:<16} {self.hits:>6} hits  {self.harm_s:5.1f} s  recovered in {self.recovery_s:5.1f} s "
            f"{self.orders:>5} orders: {self.settled} settled, {self.ended} undone"
        )


@dataclass
class Report:
    seed: int
    played: list[Played] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    rest: list[Breach] = field(default_factory=list)
    """What was found when a layout was left alone again."""
    totals: dict[str, int] = field(default_factory=dict)

    def count(self, figures: dict[str, int]) -> None:
        for name, value in figures.items():
            self.totals[name] = self.totals.get(name, 0) + value

    @property
    def breaches(self) -> list[Breach]:
        return [breach for one in self.played for breach in one.breaches] + self.rest

    def failures(self) -> list[str]:
        """Why the run does not count; empty if it does."""
        found = [f"{one.fault} never hit anything" for one in self.played if not one.hits]
        if not self.totals.get("settled"):
            found.append("nothing settled")
        if not self.totals.get("ended"):
            found.append("nothing was undone")
        if self.breaches:
            found.append(f"{len(self.breaches)} breaches")
        return found

    def broken(self, *invariants: str) -> int:
        return len({breach.session for breach in self.breaches if breach.invariant in invariants})

    def text(self, directory: str) -> str:
        slowest = max(self.played, key=lambda one: one.recovery_s, default=None)
        lines = [
            f"\nseed {self.seed}: {len(self.played)} faults, {sum(one.hits for one in self.played)} hits; "
            + ", ".join(f"{value} {name}" for name, value in self.totals.items()),
            f"lost {self.broken('I2')}, doubled {self.broken('I3')}, stuck {self.broken('I4')}, "
            f"half done {self.broken('I1')}, other results {self.broken('I5')}, mixed up {self.broken('I6')}, "
            f"left over {self.broken('I7')}, wrong answers {self.broken('I8')}",
            f"slowest recovery: {slowest.recovery_s:.1f} s after {slowest.fault}" if slowest else "nothing was played",
            BOUNDS,
        ]
        lines += [f"skipped: {why}" for why in self.skipped]
        for one in self.played:
            if not one.good:
                lines.append(f"\n{one.fault}: {one.schedule}")
                lines += [f"  {breach}" for breach in one.breaches[:20]]
        lines += [f"  {breach}" for breach in self.rest[:20]]
        if failures := self.failures():
            lines.append(f"\nFAILED: {'; '.join(failures)}. Look for the sessions in {directory}/*/processes.log.")
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"failures": self.failures()}
