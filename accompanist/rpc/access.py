"""Authentication and authorisation of callers: bearer tokens, each with a name and rights.

A server without `Access` answers every caller: it listens on a unix socket that only its owner may use, or is a worker
on the loopback interface. With `Access`, everything is denied by default: a caller needs a token of the table, a method
needs a right in the table, and a token may only call methods whose right it has.

Tokens are stored as digests and compared in constant time: digests have one length, and every row of the table is
compared. The token's name (`calling`) and the user at the other end of a unix socket go with the call, so that an audit
has an authenticated identity (`proved`).

Not promised: confidentiality on a network. There is no TLS here, so a token can be read on the way: put the server
behind a TLS proxy.
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
    "This server only answers callers with a known token. The request had no token, or an unknown one.",
    "Send `Authorization: Bearer TOKEN`; the command line takes --token-file or ACCOMPANIST_TOKEN. On this machine it "
    "also finds the token that the sidecar created (`api.token` in `state_dir`), if it may read that file.",
)
NOT_ALLOWED = catalogue(
    "ACC508",
    "the token lacks the right",
    "Starting, signalling, cancelling, reading and operating are separate rights. A token has only those on its line "
    "in the service's token file.",
    "Use a token that has the right, or add the right to the token's line and restart the sidecar.",
)
UNDECLARED = catalogue(
    "ACC509",
    "a method without a right",
    "On a server with tokens, each method must declare the right that it needs.",
    "Give the method a row in the table of rights.",
)

_SCHEME = b"bearer "
_CREDENTIALS = struct.Struct("3i")  # pid, uid, gid


class Token(NamedTuple):
    """A token: its name, its rights, and the SHA-256 of its bytes."""

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
        """Raises Bug for a method without a declared right."""
        for method in methods:
            if method not in self._rights:
                raise Bug(UNDECLARED, f"{method} can be asked for and has no right")

    def caller(self, authorization: bytes) -> Token:
        """The token in an `Authorization` header. Raises PeerError if it is unknown."""
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
        """Raises PeerError unless the caller may call the method."""
        needed = self._rights.get(method)
        if needed is None or needed not in caller.rights:
            held = ", ".join(sorted(caller.rights)) or "nothing"
            raise PeerError(NOT_ALLOWED, f"token {caller.name} may {held}", f"{needed or 'no right'} is needed here")


_calling: ContextVar[str] = ContextVar("accompanist_calling", default="")


def calling() -> str:
    """The name of the current call's token; empty if the server has no tokens."""
    return _calling.get()


def calls_as(name: str) -> None:
    """Set the token name of the current call, for this task."""
    _calling.set(name)


_user: ContextVar[int | None] = ContextVar("accompanist_user", default=None)


def user_of(connection: asyncio.BaseTransport) -> int | None:
    """The user id of the process at the other end of a unix socket, from the kernel; None for other connections."""
    found = connection.get_extra_info("socket")
    if found is None or found.family != socket.AF_UNIX or not hasattr(socket, "SO_PEERCRED"):
        return None
    try:
        with socket.socket(fileno=os.dup(found.fileno())) as end:
            credentials = end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    except OSError:
        return None  # the connection is closed already
    return int(_CREDENTIALS.unpack(credentials)[1])


def calls_from(user: int | None) -> None:
    """Set the user id of the current call, for this task."""
    _user.set(user)


def proved() -> str:
    """The authenticated identity of the current call's caller, as text; empty if there is none."""
    found = [f"token {name}"] if (name := _calling.get()) else []
    if (user := _user.get()) is not None:
        try:
            found.append(f"uid {user} ({pwd.getpwuid(user).pw_name})")
        except KeyError:
            found.append(f"uid {user}")
    return ", ".join(found)


def _digest(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()
