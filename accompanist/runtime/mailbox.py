"""The out-of-order buffer of one session at one role.

A receive names its site and its sender, so a message waits under that name until the program asks for it, whatever
came before or after. Putting a message twice is harmless; putting another content under the same name is a
divergence, because a message is a function of its site (design 3.2).

Bound: `limits.messages_per_session_max`. What is beyond it stays in the inbox and is read when the session is rebuilt.
"""

from __future__ import annotations

from accompanist import limits
from accompanist.runtime.messages import Message


class Contradiction(Exception):
    """Two contents under one identity."""

    def __init__(self, site: str, sender: str) -> None:
        super().__init__(f"two different messages from {sender} at site {site}")


class Mailbox:
    """Messages by (site, sender); each is taken once by a run and put back by `rewind` for the next."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], Message] = {}

    def put(self, message: Message) -> bool:
        """Keep a message; False if it was here already or there is no room. Raises Contradiction."""
        key = (message.site, message.sender)
        held = self._waiting.get(key)
        if held is not None:
            if held.payload != message.payload or held.kind != message.kind:
                raise Contradiction(message.site, message.sender)
            return False
        if len(self._waiting) >= limits.messages_per_session_max:
            return False
        self._waiting[key] = message
        return True

    def get(self, site: str, sender: str) -> Message | None:
        """The message of that name, if it is here. It stays: a later copy must still be compared with it."""
        return self._waiting.get((site, sender))

    def __len__(self) -> int:
        return len(self._waiting)
