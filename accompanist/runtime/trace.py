"""What tracing needs to know of a session: which messages it took, and which one caused what it decides now.

Nothing is decided by it. Not promised: that a cause survives a restart.
"""

from __future__ import annotations

from collections.abc import Iterable

from accompanist.runtime.messages import Message


class Trace:
    """The messages that a session took. `cause`: the one that caused what is decided now, the parent span of what
    follows. `consumed`: those taken since the last burst, for the first time."""

    def __init__(self) -> None:
        self.cause: Message | None = None
        self.consumed: list[Message] = []

    def caused_by(self, message: Message) -> None:
        """What follows is caused by this message."""
        self.cause = message

    def took(self, messages: Iterable[Message]) -> None:
        """Note messages that were taken; the last one is the cause of what follows."""
        for message in messages:
            self.cause = message
            self.consumed.append(message)

    def cut(self) -> tuple[Message, ...]:
        """The messages taken since the last cut."""
        consumed, self.consumed = tuple(self.consumed), []
        return consumed
