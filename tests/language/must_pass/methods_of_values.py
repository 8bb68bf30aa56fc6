"""Values have methods, and names are rebound by augmented assignment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from typing import Any

from accompanist import At, Role, choreography, com, query, transaction


class Level(Enum):
    LOW = 1
    HIGH = 3


@dataclass(frozen=True)
class Letter:
    subject: str
    words: dict[str, int]
    age: timedelta
    level: Level
    cents: Decimal
    read: bool = False


class Clerk(Role):
    @query
    def look(self, subject: str) -> str: ...


class Archive(Role):
    @transaction
    def keep(self, letter: Letter, title: str, weight: float, words: list[str]) -> int: ...

    @keep.compensation
    def drop(self, letter: Letter, title: str, weight: float, words: list[str]) -> None: ...


@choreography
def file_away(clerk: Clerk, archive: Archive, letter: At[Letter, "clerk"]) -> At[int, "clerk"]:
    subject = clerk.look(letter.subject).strip().lower()
    if subject.startswith("re:"):
        subject = subject.removeprefix("re:").strip()
    weight = letter.age.total_seconds()
    weight += letter.words.get("urgent", 0)
    weight += letter.level.value
    long = [word.upper() for word, count in letter.words.items() if count > 1]
    words = sorted(letter.words.keys(), key=lambda word: word.casefold())
    total = letter.cents
    total += letter.cents
    for word in words:
        subject += "-" + word
    marked = replace(letter, read=True, cents=total)
    number = archive.keep(
        com(marked, to=archive),
        com(" ".join([*long, subject]), to=archive),
        com(weight, to=archive),
        com(subject.split("-"), to=archive),
    )
    back = com(number, to=clerk)
    back *= 2
    return back


def _keep(letter: Letter, title: str, weight: float, words: list[str]) -> int:
    assert letter.read
    return len(title) + round(weight) + len(words) + int(letter.cents)


WORKERS: dict[str, Callable[..., Any]] = {"clerk.look": lambda subject: f"  {subject} ", "archive.keep": _keep}
_HOUR = timedelta(hours=1)
ARGUMENTS: list[dict[str, Any]] = [
    {"letter": Letter("Re: Tea", {"urgent": 2, "Milk": 1}, _HOUR, Level.HIGH, Decimal("1.5"))},
    {"letter": Letter("Coffee", {}, _HOUR, Level.LOW, Decimal("2"))},
]
