"""The rights of a sidecar's API methods, and the token file that grants them.

    start     start a saga, and get its outcome
    signal    send a saga an event from outside
    cancel    request that a saga be undone
    read      see every session, its messages and results
    operate   park, resume, retry, skip, resolve, rehost, end

A token file has one line per token, with fields separated by white space; `#` begins a comment:

    # name      rights          token
    shop        start,cancel    6b7e...
    console     read,operate    90aa...
    root        all             c41d...

A file with a single word is one token, named `token`, with every right (`rpc.tokens`).
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Final

from accompanist.rpc import tokens as files
from accompanist.rpc.access import Token


class Right(StrEnum):
    START = "start"
    SIGNAL = "signal"
    CANCEL = "cancel"
    READ = "read"
    OPERATE = "operate"


METHODS: Final[dict[str, Right]] = {
    "session.start": Right.START,
    "session.signal": Right.SIGNAL,
    "session.cancel": Right.CANCEL,
    "session.get": Right.READ,
    "session.result": Right.READ,
    "session.list": Right.READ,
    "session.operate": Right.OPERATE,
    "event.list": Right.READ,
    "timer.list": Right.READ,
    "timer.move": Right.OPERATE,
}
"""The right that each method of the API needs. One without a row is not served."""

ALL: Final = frozenset(Right)
PEER_METHODS: Final = {"peer.deliver": "deliver", "peer.volatile": "deliver"}
"""The same for the sidecars of peers in other databases, at `listen`. There a token's name is the service that uses it:
`warehouse  deliver  6b7e...`."""
PEER_RIGHTS: Final = frozenset(PEER_METHODS.values())


def tokens(file: Path) -> tuple[Token, ...]:
    """The API's tokens. Raises OperatorError."""
    return files.read(file, ALL, alone="token")
