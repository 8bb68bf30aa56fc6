"""What is said of the rounds: medians with smallest and largest, multiples of the floor, and the machine."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from ops.bench.measuring import COMPARED, FIGURES

FLOOR = "bare-rpc"

Rounds = Mapping[str, Sequence[Mapping[str, float]]]
"""By system: the figures of each round."""


def machine(postgres: str) -> dict[str, Any]:
    """Where it ran, for people who compare."""
    return {
        "cores": os.cpu_count(),
        "postgres": postgres,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "load": round(os.getloadavg()[0], 2),
    }


def summary(rounds: Rounds) -> dict[str, dict[str, dict[str, float]]]:
    """By system and figure: median, min, max, and `ratio`, the median over the rounds of the multiple of the floor's in
    the same round."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for system, measured in rounds.items():
        found[system] = {}
        for figure in FIGURES:
            values = [one[figure] for one in measured]
            told = {"median": statistics.median(values), "min": min(values), "max": max(values)}
            if figure in COMPARED and FLOOR in rounds:
                pairs = zip(values, (one[figure] for one in rounds[FLOOR]), strict=True)
                told["ratio"] = statistics.median([value / floor if floor else 0.0 for value, floor in pairs])
            found[system][figure] = told
    return found


def table(rounds: Rounds, inflight: int) -> list[str]:
    """Markdown: a row for each system, then its multiples of the floor."""
    told = summary(rounds)
    heads = [name if "@" in name or name in ("WAL KiB", "abort p50 ms") else f"{name} @{inflight}" for name in FIGURES]
    lines = [f"| | {' | '.join(heads)} |", "| --- " * (len(heads) + 1) + "|"]
    for system, figures in told.items():
        cells = [_cell(figures[name], form) for name, form in FIGURES.items()]
        lines.append(f"| {system} | {' | '.join(cells)} |")
    for system, figures in told.items():
        if system != FLOOR and FLOOR in told:
            cells = [f"{figures[name]['ratio']:.2f} x" if name in COMPARED else "" for name in FIGURES]
            lines.append(f"| {system} / {FLOOR} | {' | '.join(cells)} |")
    return lines


def _cell(figure: Mapping[str, float], form: str) -> str:
    median, low, high = (format(figure[name], form) for name in ("median", "min", "max"))
    return median if low == high else f"{median} [{low}..{high}]"
