"""The table of decisions: one row for each record of docs/decisions, with the first sentence of its decision."""

from __future__ import annotations

import re
from pathlib import Path

RECORDS = Path(__file__).parents[2] / "docs" / "decisions"
TITLE = re.compile(r"^# (?P<number>\d{3}): (?P<title>.+)$", re.MULTILINE)
DECISION = re.compile(r"^\*\*Decision\.\*\* (?P<first>.+?\.)(?=\s)", re.MULTILINE | re.DOTALL)


def parts() -> dict[str, str]:
    rows = ["| record | decided |", "| --- | --- |", *map(row, sorted(RECORDS.glob("[0-9]*.md")))]
    return {"decisions": "\n".join(rows)}


def row(record: Path) -> str:
    """Raises ValueError for a record without its number, its title or its decision."""
    text = record.read_text()
    title, decision = TITLE.search(text), DECISION.search(text)
    if title is None or decision is None or not record.name.startswith(title["number"]):
        raise ValueError(f"{record.name}: a record begins with `# NUMBER: title` and says `**Decision.**`")
    first = " ".join(decision["first"].split())
    return f"| [{title['number']} {title['title']}]({record.name}) | {first} |"
