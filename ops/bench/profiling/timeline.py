"""The statements of one saga in the order in which they ended, read from the server's log.

The server writes each statement with the time of its end and how long it took (`log_min_duration_statement = 0`), with
the login that sent it. What is between two statements of a role is the time of its process.

Not promised: statements that functions ran. They are counted by `ops.bench.counting`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PREFIX = "at=%n by=%u pid=%p "
"""The server's `log_line_prefix`: seconds since 1970, the login, the process."""

_LINE = re.compile(
    r"at=(?P<at>[\d.]+) by=(?P<role>\S*) pid=(?P<pid>\d+) LOG:  duration: (?P<ms>[\d.]+) ms  "
    r"(?P<step>parse|bind|execute|statement)[^:]*: (?P<text>.*)"
)
WIDTH = 84


@dataclass(frozen=True)
class Event:
    """One statement: when it began and ended, in milliseconds since the saga's start."""

    role: str
    began_ms: float
    ended_ms: float
    text: str


def events(lines: Sequence[str], began_s: float, ended_s: float) -> list[Event]:
    """The statements that ended between two moments, in seconds since 1970, in the order of their ends. Parsing and
    binding are part of the statement that they prepare."""
    found = []
    prepared: dict[str, float] = {}
    for role, pid, step, at, ms, text in _entries(lines):
        if not began_s <= at <= ended_s or not role.endswith(("_sidecar", "_worker")):
            continue
        if step in ("parse", "bind"):
            prepared[pid] = prepared.get(pid, 0.0) + ms
            continue
        end = (at - began_s) * 1000
        found.append(Event(role, end - ms - prepared.pop(pid, 0.0), end, text))
    return sorted(found, key=lambda event: event.ended_ms)


def _entries(lines: Sequence[str]) -> Iterator[tuple[str, str, str, float, float, str]]:
    """(role, pid, step, at, ms, text) of every statement; texts of several lines go on behind a tabulator."""
    found: re.Match[str] | None = None
    more: list[str] = []
    for line in [*lines, ""]:
        if found is not None and line.startswith("\t"):
            more.append(line)
            continue
        if found is not None:
            text = " ".join(" ".join((found["text"], *more)).split())
            yield found["role"], found["pid"], found["step"], float(found["at"]), float(found["ms"]), text
        found, more = _LINE.search(line), []


def shown(told: Sequence[Event], took_ms: float) -> list[str]:
    """A line for each statement, and the time of the client before and behind them all."""
    lines = [f"{0:8.2f} ms           client asks"]
    for event in told:
        took = event.ended_ms - event.began_ms
        lines.append(f"{event.began_ms:8.2f} ms {took:6.2f} ms {event.role:<18} {event.text[:WIDTH]}")
    return [*lines, f"{took_ms:8.2f} ms           client has the answer"]
