"""The out-of-order buffer of one session at one role.

A receive names its site and its sender. A message waits under that name until the program asks for it, in whatever
order messages arrive. Putting a message twice is harmless. Another content under the same name is a divergence, because
a message is a function of its site (docs/protocol.md).

Two sets are bounded, each by a count and by bytes: the messages that wait, and the messages that the program has taken.
No message is lost by that, because all of them are rows of the inbox.
- Beyond the bound, a message that the program does not wait for is spilled, not kept: `spilled` says that the inbox
  holds more. When the program asks for a message that is not here, the driver reads it from the inbox.
- Beyond the bound, a taken message is evicted and leaves a digest, with which a later copy is compared. A program can
  only run again from the top if all messages are in memory: `whole` says whether they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from accompanist import limits
from accompanist.runtime.messages import Kind, Message

Name = tuple[str, str]
"""Site and sender."""


class Contradiction(Exception):
    """Two contents under one identity."""

    def __init__(self, site: str, sender: str) -> None:
        super().__init__(f"two different messages from {sender} at site {site}")


class Mailbox:
    """The messages of one session, by name. A taken message stays while there is room, for the next run from the
    top."""

    def __init__(self) -> None:
        self._waiting: dict[Name, Message] = {}
        self._waiting_bytes = 0
        self._taken: dict[Name, Message] = {}
        self._taken_bytes = 0
        self._let_go: dict[bytes, bytes] = {}
        """Evicted messages: digest of the name to digest of the content."""
        self.spilled = False
        """Whether the inbox may hold messages that this mailbox never held."""
        self.bounded = True
        """Whether the bounds apply. An operator's verb may need every message at once."""

    def put(self, message: Message, *, wanted: bool = False) -> bool:
        """Keep a message. False if it was here already or there is no room; a `wanted` message always finds room.
        Raises Contradiction."""
        name = (message.site, message.sender)
        held = self._waiting.get(name) or self._taken.get(name)
        if held is not None:
            if held.payload != message.payload or held.kind != message.kind:
                raise Contradiction(message.site, message.sender)
            return False
        if (left := self._let_go.get(_digest(*name))) is not None:
            if left != _content(message):
                raise Contradiction(message.site, message.sender)
            return False
        if not wanted and self._full(len(self._waiting), self._waiting_bytes + len(message.payload)):
            self.spilled = True
            return False
        self._waiting[name] = message
        self._waiting_bytes += len(message.payload)
        return True

    def get(self, site: str, sender: str) -> Message | None:
        """The message of that name, if it is here."""
        return self._waiting.get((site, sender)) or self._taken.get((site, sender))

    def has(self, message: Message) -> bool:
        """Whether a message of that name is here, or was taken."""
        name = (message.site, message.sender)
        return self.get(*name) is not None or _digest(*name) in self._let_go

    def take(self, message: Message) -> None:
        """Note that the program has taken this message. Evicts the oldest taken messages beyond the bound."""
        name = (message.site, message.sender)
        if self._waiting.pop(name, None) is None:
            return
        self._waiting_bytes -= len(message.payload)
        self._taken[name] = message
        self._taken_bytes += len(message.payload)
        while self._taken and self._full(len(self._taken) - 1, self._taken_bytes):
            oldest = next(iter(self._taken))
            gone = self._taken.pop(oldest)
            self._taken_bytes -= len(gone.payload)
            self._let_go[_digest(*oldest)] = _content(gone)

    def make_room(self, messages: Sequence[Message]) -> None:
        """Make room for these messages, which the program asks for first. The waiting ones, but for events, are dropped
        here and stay in the inbox."""
        count = len(self._waiting) + len(messages)
        if self._full(count, self._waiting_bytes + sum(len(message.payload) for message in messages)):
            self.spilled = True
            self._waiting = {name: kept for name, kept in self._waiting.items() if kept.kind is Kind.EVENT}
            self._waiting_bytes = sum(len(kept.payload) for kept in self._waiting.values())

    @property
    def whole(self) -> bool:
        """Whether every message that arrived is in memory, so that a program can run again from the top."""
        return not self._let_go and not self.spilled

    @property
    def empty(self) -> bool:
        """Whether no message has come."""
        return self.whole and not len(self)

    def __len__(self) -> int:
        """How many messages are in memory."""
        return len(self._waiting) + len(self._taken)

    def _full(self, count: int, size: int) -> bool:
        return self.bounded and (
            count >= limits.messages_per_session_max or size > limits.message_bytes_per_session_max
        )


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _content(message: Message) -> bytes:
    return hashlib.blake2b(message.kind.value.encode() + b"\0" + message.payload, digest_size=8).digest()
