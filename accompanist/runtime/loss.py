"""That a volatile session is lost: what sidecars tell one another (docs/volatile.md).

Not promised: that the teller is right. It has lost sight of a process; that may be alive.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from accompanist.errors import catalogue

LOST = catalogue(
    "ACC760",
    "a volatile session is lost",
    "A process that had a part of this volatile session in memory is gone, or was not reached for too long, or the "
    "session took longer than it may. Nobody knows what was done where: what could be undone was undone, and the rest "
    "stands as it is.",
    "The reason says what was lost. Compare what the services of the saga have done, and repair it by hand. A saga for "
    "which that may not happen is started without `volatile`.",
)
OUTCOME = "lost"
"""The outcome of a volatile session that is lost; a durable session never has it."""


class Lost(msgspec.Struct, frozen=True, omit_defaults=True):
    """A volatile session is lost. `undo`: the initiator says that all that can be undone is to be undone."""

    session: UUID
    reason: str = ""
    undo: bool = False
