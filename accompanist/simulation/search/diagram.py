"""Draws a schedule as a sequence diagram: as text for a terminal, or as Mermaid source."""

from __future__ import annotations

from collections.abc import Sequence

from accompanist.runtime.messages import Message
from accompanist.simulation.search.explore import ScheduleStep


def text(roles: Sequence[str], schedule: Sequence[ScheduleStep]) -> str:
    """The diagram as text: one line for each step, a column for each role, the step in words at the right."""
    width = max(map(len, roles)) + 3
    lines = ["      " + "".join(role.ljust(width) for role in roles)]
    for number, step in enumerate(schedule, 1):
        mark = "✗" if "CRASH" in step.text else "●"
        lines.append(f"{number:4}  {_row(roles, width, {step.role: mark})}{step.text}")
        lines.extend(f"      {_arrow(roles, width, message)}{_named(message)}" for message in step.sent)
    return "\n".join(line.rstrip() for line in lines)


def mermaid(roles: Sequence[str], schedule: Sequence[ScheduleStep]) -> str:
    """The diagram as the source of a Mermaid sequence diagram."""
    lines = ["sequenceDiagram", *(f"    participant {role}" for role in roles)]
    for step in schedule:
        lines.append(f"    Note over {step.role}: {_plain(step.text)}")
        lines.extend(
            f"    {message.sender or message.receiver}->>{message.receiver}: {_named(message)}" for message in step.sent
        )
    return "\n".join(lines)


def _row(roles: Sequence[str], width: int, marks: dict[str, str]) -> str:
    return "".join(marks.get(role, "│").ljust(width) for role in roles)


def _arrow(roles: Sequence[str], width: int, message: Message) -> str:
    places = [roles.index(message.receiver), roles.index(message.sender or message.receiver)]
    first, last = min(places), max(places)
    cells = []
    for at, role in enumerate(roles):
        mark = "├" if role == message.sender else "▶" if role == message.receiver and first != at else "│"
        if at == first and role == message.receiver and first != last:
            mark = "◀"
        inside = first <= at < last
        crossing = first < at < last
        cells.append(("┼" if crossing else mark) + ("─" if inside else " ") * (width - 1))
    return "".join(cells)


def _named(message: Message) -> str:
    return message.kind.value if message.site.startswith("!") else f"{message.kind.value} {message.site}"


def _plain(words: str) -> str:
    return words.replace(";", ",").replace("#", "")
