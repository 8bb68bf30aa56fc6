"""What a till is told and what it tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """Money for a drawer. The till takes `pause_ms` (0 to 2000) to print, before anything is final."""

    cents: int
    note: str
    pause_ms: int


@dataclass(frozen=True)
class Slip:
    """What the till prints: a number of its own, what was put in or paid out, and the note as it was given."""

    number: str
    cents: int
    note: str
