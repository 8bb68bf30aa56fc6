"""What a notification says: whose messages there are, or whose sessions have ended.

    ''           there are messages, of any session
    '0a1bff'     there are messages; each two digits are the last byte of the ids of some of their sessions
    'over 0a1b'  sessions have ended whose ids have these last bytes

The last byte of an id decides its shard, so a sidecar that does not hold the shard does not ask the log for nothing. It
is all that is said of a session, because every login of the database can listen. Earlier releases say '' alone, and
look whatever they hear. Whatever is none of these is read as ''.

Not promised: that any of it is true. Every login of the database can notify, too. So a notification makes a sidecar
look at the tables, and does nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

LastBytes = frozenset[int]
"""The last bytes of ids of sessions."""
NewMessages = Mapping[str, LastBytes | None]
"""The services that have new messages, with the last bytes of their sessions' ids; None: of any session."""

_OVER = "over "


class Heard(msgspec.Struct, frozen=True):
    """What a notification says, by the last bytes of ids. `messages`: there are new ones of such sessions. `ended`:
    such sessions may have ended. None: any session may."""

    messages: LastBytes | None = frozenset()
    ended: LastBytes | None = frozenset()


MISSED = Heard(messages=None, ended=None)
"""What a listener says that cannot know what was said meanwhile."""


def united(one: LastBytes | None, other: LastBytes | None) -> LastBytes | None:
    return None if one is None or other is None else one | other


def of_messages(last_bytes: Collection[int] | None) -> str:
    return "" if last_bytes is None else bytes(sorted(last_bytes)).hex()


def of_ended(last_bytes: Collection[int]) -> str:
    return _OVER + bytes(sorted(last_bytes)).hex()


def read(payload: str) -> Heard:
    """What a payload says. Raises nothing."""
    try:
        if payload.startswith(_OVER):
            return Heard(ended=frozenset(bytes.fromhex(payload.removeprefix(_OVER))))
        return Heard(messages=frozenset(bytes.fromhex(payload)) or None)
    except ValueError:
        return Heard(messages=None)
