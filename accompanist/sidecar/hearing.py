"""What a sidecar does with a notification: it wakes whoever has to look at the log.

Not promised: that a notification comes. `sidecar.loops.intake` and waiting clients look by themselves, too.
"""

from __future__ import annotations

from accompanist.log.wakeups import Heard
from accompanist.sidecar.api.waiters import Waiters
from accompanist.sidecar.loops.intake import Intake
from accompanist.sidecar.sessions.holding import Holding


def hear(heard: Heard, holding: Holding, intake: Intake, waiters: Waiters) -> None:
    """Wake the inbox loop for messages of the shards that are held, and the clients that wait for an end in others. An
    end in a held shard is told in memory."""
    if heard.messages is None or holding.holds_any(heard.messages):
        intake.wake()
    if heard.ended is None:
        waiters.look(None)
    elif elsewhere := {byte for byte in heard.ended if not holding.holds_any((byte,))}:
        waiters.look(elsewhere)
