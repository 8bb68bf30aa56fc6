"""Who calls, and what they may ask for: bearer tokens, each with a name and rights of its own.

A server without `Access` answers whoever reaches it: a unix socket that is its owner's alone, or a worker's port on the
loopback interface. One with it is closed: a caller without a token of the table is nobody, a method without a right in
the table is nobody's, and a token may ask only for methods whose right it has.

Tokens are kept as digests and compared in a time that says nothing of them: digests have one length, and every row of
the table is compared, whichever fits. The name of who calls goes with the call (`calling`), and so does the user at the
other end of a unix socket, so that an audit can say who it was and need not believe what it was told (`proved`).

Not promised: anything about a network between. There is no TLS here; a token that crosses one in the clear is known to
whoever listens there, so put the server behind something that speaks TLS.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import pwd
import socket
import struct
from collections.abc import Collection, Mapping
from contextvars import ContextVar
from typing import NamedTuple

from accompanist.errors import Bug, PeerError, catalogue

NO_TOKEN = catalogue(
    "ACC507",
    "a token is needed",
    "This server answers only callers that it knows by a token. None came with the request, or none that it knows.",
    "Send `Authorization: Bearer TOKEN`; the command line takes --token-file or ACCOMPANIST_TOKEN. On this machine it "
    "finds the token that the sidecar has drawn (`api.token` in `state_dir`) where it may read that file.",
)
NOT_ALLOWED = catalogue(
    "ACC508",
    "the token lacks the right",
    "Starting, signalling, cancelling, reading and operating are separate rights, and a token has only those that "
    "stand beside its name in the service's token file.",
    "Use a token that has the right, or add it to the token's line and restart the sidecar.",
)
UNDECLARED = catalogue(
    "ACC509",
    "a method without a right",
    "Every method of a server that knows tokens is declared with the right that it needs.",
    "Give the method a row in the table of rights.",
)

_SCHEME = b"bearer "
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class Token(NamedTuple):
    """A token's name, what it may do, and the SHA-256 of its bytes."""

    name: str
    rights: frozenset[str]
    digest: bytes

    @staticmethod
    def of(name: str, rights: Collection[str], secret: str) -> Token:
        return Token(name, frozenset(rights), _digest(secret.encode()))


class Access:
    """The tokens of a server, and the right that each of its methods needs."""

    def __init__(self, tokens: Collection[Token], rights: Mapping[str, str]) -> None:
        self._tokens = tuple(tokens)
        self._rights = dict(rights)

    def check_declared(self, methods: Collection[str]) -> None:
        """Raises Bug for a method that no right is declared for."""
        for method in methods:
            if method not in self._rights:
                raise Bug(UNDECLARED, f"{method} can be asked for and has no right")

    def caller(self, authorization: bytes) -> Token:
        """Whose token the `Authorization` header bears. Raises PeerError."""
        given = _digest(authorization[len(_SCHEME) :].strip())
        borne = authorization[: len(_SCHEME)].lower() == _SCHEME
        found: Token | None = None
        for token in self._tokens:
            if hmac.compare_digest(token.digest, given):
                found = token
        if found is None or not borne:
            raise PeerError(NO_TOKEN, "no token came, or none that is known here")
        return found

    def permit(self, caller: Token, method: str) -> None:
        """Raises PeerError unless the caller may ask for the method."""
        needed = self._rights.get(method)
        if needed is None or needed not in caller.rights:
            held = ", ".join(sorted(caller.rights)) or "nothing"
            raise PeerError(NOT_ALLOWED, f"token {caller.name} may {held}", f"{needed or 'no right'} is needed here")


_calling: ContextVar[str] = ContextVar("accompanist_calling", default="")


def calling() -> str:
    """The name of the token that the call under way came with; empty where the server knows none."""
    return _calling.get()


def calls_as(name: str) -> None:
    """From here on in this task, the call under way is made under that name."""
    _calling.set(name)


_user: ContextVar[int | None] = ContextVar("accompanist_user", default=None)


def user_of(connection: asyncio.BaseTransport) -> int | None:
    """Whose process is at the other end of a unix socket, as the kernel says; None where it is none, or not said."""
    found = connection.get_extra_info("socket")
    if found is None or found.family != socket.AF_UNIX or not hasattr(socket, "SO_PEERCRED"):
        return None
    try:
        with socket.socket(fileno=os.dup(found.fileno())) as end:
            credentials = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return None  # it has gone meanwhile
    return int(_CREDENTIALS.unpack(credentials)[1])


def calls_from(user: int | None) -> None:
    """From here on in this task, the call under way is made by a process of that user."""
    _user.set(user)


def proved() -> str:
    """Who makes the call under way, as far as this server has seen it for itself; empty where it has not."""
    found = [f"token {name}"] if (name := _calling.get()) else []
    if (user := _user.get()) is not None:
        try:
            found.append(f"uid {user} ({pwd.getpwuid(user).pw_name})")
        except KeyError:
            found.append(f"uid {user}")
    return ", ".join(found)


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
