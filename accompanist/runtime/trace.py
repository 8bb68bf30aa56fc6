"""What tracing needs to know of a session: which messages it took, and which one caused what it decides now.

A message is reported when it is taken for the first time. A rebuilt session takes all of its inbox again, so
`report_only` is told which of those messages are new: all of them if the log has no row of the session, else those that
it was loaded for.

Nothing is decided by it. Not promised: that a cause survives a restart, that a message is reported which came while no
sidecar held the session and whose session had begun, or that one is reported once if its sidecar was killed.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from accompanist.runtime.messages import Identity, Message


class Trace:
    """The messages that a session took. `cause`: the one that caused what is decided now, the parent span of what
    follows. `consumed`: those taken since the last burst, for the first time."""

    def __init__(self) -> None:
        self.cause: Message | None = None
        self.consumed: list[Message] = []
        self._new: Container[Identity] | None = None

    def report_only(self, new: Container[Identity] | None) -> None:
        """Report only these messages from now on; with None, all of them."""
        self._new = new

    def caused_by(self, message: Message) -> None:
        """What follows is caused by this message."""
        self.cause = message

    def took(self, messages: Iterable[Message]) -> None:
        """Note messages that were taken; the last one is the cause of what follows."""
        for message in messages:
            self.cause = message
            if self._new is None or message.key in self._new:
                self.consumed.append(message)

    def cut(self) -> tuple[Message, ...]:
        """The messages taken since the last cut."""
        consumed, self.consumed = tuple(self.consumed), []
        return consumed
