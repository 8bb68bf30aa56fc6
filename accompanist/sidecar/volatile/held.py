"""What a sidecar holds of one volatile session: the cores of its own roles, the ways to the others, its timers.

Not promised: anything once it is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from accompanist import limits
from accompanist.runtime.messages import Header, Message
from accompanist.runtime.ports import SessionRow
from accompanist.runtime.session import Session
from accompanist.sidecar.volatile.ways import Way


class HeldSession:
    """One volatile session at one sidecar, with all of its roles here. `opener`: the service that spoke of it first."""

    def __init__(self, header: Header, opener: str) -> None:
        self.header = header
        self.opener = opener
        self.roles: dict[str, Session] = {}
        self.over: dict[str, SessionRow] = {}
        """The roles that are over here, or were never begun and never will be."""
        self.processes: dict[str, str] = {}
        """The process of each peer that takes part: another one knows nothing of the session."""
        self.weight = 0
        """The bytes of the messages that came for it, with what each takes besides its payload."""
        self.lost = ""
        """Why it is lost; empty as long as it is not."""
        self._ways: dict[str, Way] = {}
        self._unsent: dict[str, list[Message]] = {}
        self._timers: list[asyncio.TimerHandle] = []

    @property
    def initiator_service(self) -> str:
        return self.header.bindings[self.header.initiator]

    def services(self) -> set[str]:
        """All services that play a role."""
        return set(self.header.bindings.values())

    def is_from(self, service: str, process: str) -> bool:
        """Whether a process of a service may speak for it: the first that did, or that we reached."""
        return self.processes.setdefault(service, process) == process

    def weigh(self, message: Message) -> int:
        """Count a message that came, and return its weight."""
        around = limits.volatile_message_around_bytes + sum(map(len, message.context.values()))
        self.weight += (weight := len(message.payload) + around)
        return weight

    # -- ways ----------------------------------------------------------------------------------------

    def use(self, way: Way) -> bool:
        """Use a way from now on, and send what waits for it. False if it leads to another process than before."""
        if not self.is_from(way.service, way.process):
            return False
        self._ways[way.service] = way
        way.join(self.header.session)
        if unsent := self._unsent.pop(way.service, None):
            way.send(unsent)
        return True

    def way(self, service: str) -> Way | None:
        return self._ways.get(service)

    def ways(self) -> Sequence[Way]:
        return tuple(self._ways.values())

    def wait(self, service: str, message: Message | None = None) -> bool:
        """Keep a message until there is a way. Returns whether nobody looks for one yet: the caller does then."""
        first = service not in self._unsent
        waiting = self._unsent.setdefault(service, [])
        if message is not None:
            waiting.append(message)
        return first

    # -- time ----------------------------------------------------------------------------------------

    def keep(self, timer: asyncio.TimerHandle) -> None:
        """Keep a timer, to be cancelled with the session."""
        self._timers.append(timer)

    def drop(self) -> None:
        """Let go of ways and timers."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for way in self._ways.values():
            way.leave(self.header.session)
        self._ways.clear()
        self._unsent.clear()
