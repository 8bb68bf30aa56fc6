"""What the kernel counts of processes: processor time, and system calls that read or write. Linux only.

Not counted: what children did that have ended; system calls that only wait, open or close.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def below(root: int) -> Iterator[int]:
    """The ids of everything below a process, without the process itself."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    frontier = list(parents.get(root, ()))
    while frontier:
        pid = frontier.pop()
        yield pid
        frontier.extend(parents.get(pid, ()))


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of these processes; nothing for one that is gone."""
    return sum(_ticks(pid) for pid in pids) / TICKS


def machine_cpu_seconds() -> float:
    """The time in which the machine's cores were busy, with whatever."""
    words = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _iowait, irq, softirq, *_ = map(int, words)
    return (user + nice + system + irq + softirq) / TICKS


def system_calls(pids: Iterable[int]) -> int:
    """Calls that read or write. Under uvloop these are nearly all that move bytes over sockets, too; Postgres and plain
    asyncio move them with `send` and `recv`, which are not counted."""
    return sum(_reads_and_writes(pid) for pid in pids)


def _reads_and_writes(pid: int) -> int:
    try:
        lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    except OSError:
        return 0
    return int(lines["syscr"]) + int(lines["syscw"])


def _stat(pid: int) -> list[str] | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _ticks(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0
