"""The guards that keep a role from being begun anew by another role of its service, each of them removed on its own.

A message that one role hands to another in memory begins a session only if the log cannot have that session. Three
guards see to that. Each covers most of what the others cover, so hundreds of seeds do not find one that is missing;
`test_beginnings` arranges the cases by hand.
"""

from __future__ import annotations

from typing import Any
from unittest.mock import patch
from uuid import UUID

from accompanist.runtime.messages import Kind
from accompanist.sidecar.sessions import output_commit
from accompanist.sidecar.sessions.freshness import Freshness
from accompanist.sidecar.sessions.holding import Holding


def sweep_not_waited_for() -> Any:
    """A shard that is due a sweep counts as one that was swept."""
    return patch.object(Freshness, "may_have", lambda self, shard, before: self.standing(shard) != before)


def all_in_memory() -> Any:
    """No session of any saga counts as one that has left memory."""
    real = Holding.__init__

    def init(self: Any, *given: Any) -> None:
        real(self, *given)
        self._whole = _Everything()

    return patch.object(Holding, "__init__", init)


class _Everything(set[UUID]):
    def __contains__(self, session: object) -> bool:
        return True


def undone_begins() -> Any:
    """What undoes a session counts as news of it, as what begins its program does."""
    return patch.object(output_commit, "PROGRAMS", frozenset(Kind))


GUARDS = (sweep_not_waited_for, all_in_memory, undone_begins)
