"""Pictures of what was measured, as PNG and SVG, drawn by matplotlib where that is installed.

Nothing else of Accompanist uses it, and no figure depends on it: without it a sentence says what to install.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ops.bench.measuring import COMPARED

ABSENT = "no pictures: matplotlib is not installed; `make plotting` or pip install 'accompanist[bench]' brings it"


@dataclass(frozen=True)
class Curve:
    """One panel: curves by name. `limit`: a line of what is to be reached, with what `limit_says` of it."""

    title: str
    across: str
    up: str
    points: Mapping[str, Sequence[tuple[float, float]]]
    limit: Sequence[tuple[float, float]] = ()
    limit_says: str = ""
    logarithmic: bool = False


def installed() -> bool:
    return find_spec("matplotlib") is not None


def _figure(panels: int) -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "accompanist"  # the same figures give the same file
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, panels, figsize=(4 * panels, 3.4), squeeze=False, layout="constrained")
    return figure, axes


def _saved(figure: Any, place: Path) -> str:
    from matplotlib import pyplot

    for suffix, metadata in ((".png", None), (".svg", {"Date": None})):
        figure.savefig(place.with_suffix(suffix), dpi=130, metadata=metadata)
    pyplot.close(figure)
    return f"pictures: {place.with_suffix('.png')}, {place.with_suffix('.svg')}"


def compared(summary: Mapping[str, Mapping[str, Mapping[str, float]]], place: Path) -> str:
    """A panel for each figure that is compared, a bar for each system, from smallest to largest. Where the files are,
    or why there are none."""
    if not installed():
        return ABSENT
    figure, axes = _figure(len(COMPARED))
    for panel, name in zip(axes[0], COMPARED, strict=True):
        told = [summary[system][name] for system in summary]
        spread = [[one["median"] - one["min"] for one in told], [one["max"] - one["median"] for one in told]]
        panel.bar(list(summary), [one["median"] for one in told], yerr=spread, capsize=4, color="#7a6fb0")
        panel.set_title(name)
    return _saved(figure, place)


def curves(drawn: Sequence[Curve], place: Path) -> str:
    """A panel for each curve. Where the files are, or why there are none."""
    if not installed():
        return ABSENT
    figure, axes = _figure(len(drawn))
    for panel, curve in zip(axes[0], drawn, strict=True):
        for name, points in curve.points.items():
            panel.plot(*zip(*points, strict=True), marker="o", label=name)
        if curve.limit:
            panel.plot(*zip(*curve.limit, strict=True), linestyle="--", color="grey", label=curve.limit_says)
        if curve.logarithmic:
            panel.set_xscale("log")
        panel.set(title=curve.title, xlabel=curve.across, ylabel=curve.up, ylim=(0, None))
        panel.legend(fontsize="small")
    return _saved(figure, place)
