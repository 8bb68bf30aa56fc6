"""Flame graphs of processes, sampled by py-spy where that is installed."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from pathlib import Path

ABSENT = "no flame graphs: py-spy is not installed; `make plotting` or pip install 'accompanist[bench]' brings it"
RATE = 500


def program() -> Path | None:
    """Where py-spy is, beside this Python."""
    place = Path(sys.executable).parent / "py-spy"
    return place if place.exists() else None


async def record(pids: Mapping[str, int], seconds: float, directory: Path) -> list[str]:
    """Sample these processes for so long, RATE times a second, each into an SVG of its name; what there is to say."""
    found = program()
    if found is None:
        return [ABSENT]
    said = []
    sampling: list[tuple[Path, Process]] = []
    for name, pid in pids.items():
        place = directory / f"flame-{name}.svg"
        command = [
            str(found),
            "record",
            "--pid",
            str(pid),
            "--rate",
            str(RATE),
            "--duration",
            str(max(1, int(seconds))),
        ]
        command += ["--format", "flamegraph", "--output", str(place)]
        sampling.append((place, await asyncio.create_subprocess_exec(*command, stdout=DEVNULL, stderr=PIPE)))
    for place, process in sampling:
        _, complaint = await process.communicate()
        last = (complaint.decode(errors="replace").strip().splitlines() or ["it ended"])[-1]
        said.append(f"flame graph: {place}" if process.returncode == 0 else f"no flame graph of {place.stem}: {last}")
    return said
