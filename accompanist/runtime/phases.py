"""The phases of a session at a role, and why it is parked. `runtime.ports` re-exports them."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Phase(StrEnum):
    """The phase of a session at one role; `runtime.saga` explains each."""

    RUNNING = "running"
    DONE = "done"
    CLOSING = "closing"
    UNDOING = "undoing"
    UNDONE = "undone"
    SETTLED = "settled"
    ENDED = "ended"


class Parked(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a session waits for an operator: an error code and a text without payload. `site`: of the next compensation,
    in a session that is being undone, once it is known."""

    code: str
    text: str
    site: str = ""
