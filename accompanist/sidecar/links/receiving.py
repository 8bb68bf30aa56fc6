"""Listens for peers that hand messages over (`accompanist.rpc.link`).

A caller says first which service it speaks for, and proves it with what this service's log told it (`log.links`). What
comes after that counts as said by that service, like a row that its login wrote. A caller that is not believed, or says
what cannot be read, is disconnected; it loses nothing, since its messages are in the inbox.

Not promised: that a caller reads what it is told, or learns that it was disconnected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from accompanist import limits
from accompanist.log.links import proves
from accompanist.rpc import link
from accompanist.rpc.address import parse
from accompanist.rpc.framing import Oversized
from accompanist.rpc.listening import Listening, listen
from accompanist.rpc.room import Room
from accompanist.rpc.stream import Connection
from accompanist.runtime.loss import Lost
from accompanist.runtime.messages import Message

logger = structlog.get_logger("accompanist.links")

Handed = Callable[[str, Sequence[Message], bool], Sequence[int]]
"""Takes the messages of a service, and whether they are early. Returns the shards that are not held here."""


class VolatileTaker(Protocol):
    """Takes what is said of volatile sessions. `process`: its id."""

    process: str

    def heard(self, service: str, process: str, messages: Sequence[Message], lost: Sequence[Lost]) -> Sequence[Lost]:
        """Take messages of a service, from this process of it. Returns the sessions that cannot go on here."""
        ...


class LinkServer:
    """Where peers hand messages over. `key`: what their proofs are made of; `volatile` takes volatile sessions;
    `early`: whether messages may come before their commit."""

    def __init__(
        self, listening: Listening, key: bytes, handed: Handed, volatile: VolatileTaker | None, early: bool
    ) -> None:
        self._early = early
        self._listening = listening
        self._key = key
        self._handed = handed
        self._volatile = volatile
        self._room = Room()
        self._callers: dict[Connection, _Caller] = {}
        self._server: asyncio.Server | None = None

    @classmethod
    async def start(
        cls, path: str, key: bytes, handed: Handed, volatile: VolatileTaker | None = None, *, early: bool = False
    ) -> LinkServer:
        """Listen at a unix socket. Raises OperatorError."""
        server = cls(listen(parse(f"unix:{path}")), key, handed, volatile, early)
        server._server = await asyncio.get_running_loop().create_unix_server(
            server._accept, sock=server._listening.socket
        )
        return server

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._listening.remove()
        for connection in list(self._callers):
            connection.abort()

    def _accept(self) -> Connection:
        connection = Connection(self._received, self._lost, self._room)
        if len(self._callers) >= limits.links_max:
            connection.refuse()
            return connection
        patience = asyncio.get_running_loop().call_later(limits.link_ms / 1000, connection.abort)
        self._callers[connection] = _Caller(patience)
        return connection

    def _received(self, connection: Connection, body: bytes | Oversized) -> None:
        caller = self._callers.get(connection)
        if caller is None:
            return
        try:
            self._heard(connection, caller, body)
        except link.Unreadable as problem:
            logger.warning("link.refused", peer=caller.service, problem=str(problem))
            connection.abort()

    def _heard(self, connection: Connection, caller: _Caller, body: bytes | Oversized) -> None:
        if isinstance(body, Oversized):
            raise link.Unreadable(f"a frame has {body.length} bytes")
        if not caller.service:
            service, shown = link.read_hello(body)
            if not proves(shown, self._key, service):
                raise link.Unreadable("the caller does not prove which service it speaks for")
            caller.service = service
            caller.patience.cancel()
            process = self._volatile.process if self._volatile is not None else ""
            connection.send(link.believed(process, early=self._early))
            return
        handed = link.read_handed(body)
        if not handed.process:
            if elsewhere := self._handed(caller.service, handed.messages, handed.early):
                connection.send(link.elsewhere(elsewhere))
        elif self._volatile is not None:
            for lost in self._volatile.heard(caller.service, handed.process, handed.messages, handed.lost):
                connection.send(link.cannot_go_on([lost]))

    def _lost(self, connection: Connection, reason: str) -> None:
        caller = self._callers.pop(connection, None)
        if caller is not None:
            caller.patience.cancel()


class _Caller:
    """A connection, and the service it speaks for once that is believed."""

    def __init__(self, patience: asyncio.TimerHandle) -> None:
        self.patience = patience
        self.service = ""
