"""Where a session stands at a role. `runtime.ports` has these names, too."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Phase(StrEnum):
    """Where a session stands at one role; the table is in `runtime.saga`."""

    RUNNING = "running"
    DONE = "done"
    CLOSING = "closing"
    UNDOING = "undoing"
    UNDONE = "undone"
    SETTLED = "settled"
    ENDED = "ended"


class Parked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a session waits for an operator: an error code and a text without payload. `site`: of the compensation that
    is due, in a session that is being undone, once it is known."""

    code: str
    text: str
    site: str = ""
