"""Ways to peers whose logs are in other databases: calls to the address at which their sidecars listen.

A peer that shares a session with us is asked every `volatile_ping_ms` whether it is still the same process, by both
sides. So its loss is noticed within `volatile_ping_ms` + `volatile_away_ms`.

One call at a time carries what there is to say, in order: that a session is lost comes after its messages. What is sent
meanwhile goes with the next call.

Not promised: a peer with several sidecars at one address. Another of them that answers counts as a loss.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
import structlog

from accompanist import limits
from accompanist.errors import PeerError
from accompanist.rpc import access, meta, volatile_peers
from accompanist.rpc.envelope import INVALID_PARAMS, RpcError
from accompanist.runtime.answers import Fault, Replied
from accompanist.runtime.loss import Lost
from accompanist.runtime.messages import Message
from accompanist.sidecar.loops.relay import NOT_MESSAGES, Courier
from accompanist.sidecar.volatile.ways import Way, WayListener

logger = structlog.get_logger("accompanist.volatile")

_ABOUT = meta.write(meta.Meta())


class FarWay:
    """A way to one process, by calls."""

    def __init__(self, service: str, process: str, courier: Courier, listener: WayListener) -> None:
        self.service = service
        self.process = process
        self.sessions: set[UUID] = set()
        self.asked_at = asyncio.get_running_loop().time()
        """When it answered last."""
        self.lost = False
        self._courier = courier
        self._listener = listener
        self._tasks: set[asyncio.Task[None]] = set()
        self._messages: list[Message] = []
        self._losses: list[Lost] = []
        self._speaking = False
        self._pinging = False

    def join(self, session: UUID) -> None:
        self.sessions.add(session)
        if not self._pinging:
            self._pinging = True
            self._spawn(self._ping())

    def leave(self, session: UUID) -> None:
        self.sessions.discard(session)

    def send(self, messages: Sequence[Message]) -> None:
        self._messages += messages
        self._speak()

    def tell(self, lost: Lost) -> None:
        self._losses.append(lost)
        self._speak()

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _speak(self) -> None:
        if not self._speaking:
            self._speaking = True
            self._spawn(self._say_all())

    async def _say_all(self) -> None:
        while (self._messages or self._losses) and not self.lost:
            messages, self._messages = self._messages, []
            losses, self._losses = self._losses, []
            await self._say(messages, losses)
        self._speaking = False

    async def _ping(self) -> None:
        while not self.lost:
            await asyncio.sleep(limits.volatile_ping_ms / 1000)
            if not self.sessions:
                break
            await self._say((), ())
        self._pinging = False

    async def _say(self, messages: Sequence[Message], lost: Sequence[Lost]) -> None:
        try:
            await self._call(messages, lost)
        except Exception as problem:  # what it was to say did not arrive
            logger.error("volatile.failed", peer=self.service, exc_info=problem)
            self._lose(f"{type(problem).__name__} was raised by a call")

    async def _call(self, messages: Sequence[Message], lost: Sequence[Lost]) -> None:
        for arguments in volatile_peers.calls(self._listener.process, self.process, messages, lost):
            try:
                answered = await ask(self._courier, arguments)
            except _Unheard as problem:
                self._lose(str(problem))
                return
            if answered.process != self.process:
                self._lose("another process took its place")
                return
            self.asked_at = asyncio.get_running_loop().time()
            if answered.lost:
                self._listener.heard(self.service, self.process, (), answered.lost)

    def _lose(self, reason: str) -> None:
        if not self.lost:
            self.lost = True
            self._listener.way_lost(self, reason)


class _Unheard(Exception):
    """A peer gave no answer."""


async def ask(courier: Courier, arguments: bytes) -> volatile_peers.VolatileAnswer:
    """Make a call, again as long as the peer has not read it and is not away for too long. Raises _Unheard."""
    loop = asyncio.get_running_loop()
    until = loop.time() + limits.volatile_away_ms / 1000
    while True:
        said = await courier.call(volatile_peers.VOLATILE_METHOD, arguments, _ABOUT, limits.volatile_away_ms)
        if isinstance(said, Replied):
            try:
                return volatile_peers.read_answer(said.value)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise _Unheard("it answered nonsense") from None
        if not (isinstance(said, Fault) and said.away) or loop.time() >= until:
            raise _Unheard(said.text if isinstance(said, Fault) else type(said).__name__.lower())
        await asyncio.sleep(limits.volatile_again_ms / 1000)


class FarWays:
    """The ways to the peers in `couriers`."""

    def __init__(self, couriers: Mapping[str, Courier], listener: WayListener) -> None:
        self._couriers = couriers
        self._listener = listener
        self._ways: dict[str, FarWay] = {}

    def find(self, service: str, session: UUID) -> Way | None:
        way = self._ways.get(service)
        if way is None or way.lost:
            return None
        # where no session is on it, nobody has asked whether it is still there
        fresh = asyncio.get_running_loop().time() - way.asked_at < limits.volatile_ping_ms / 1000
        return way if fresh or way.sessions else None

    async def reach(self, service: str, session: UUID) -> Way | None:
        [arguments] = volatile_peers.calls(self._listener.process, "", (), ())
        try:
            answered = await ask(self._couriers[service], arguments)
        except _Unheard:
            return None
        way = self._ways.get(service)
        if way is None or way.lost or way.process != answered.process:
            way = self._ways[service] = FarWay(service, answered.process, self._couriers[service], self._listener)
        way.asked_at = asyncio.get_running_loop().time()
        return way

    def close(self) -> None:
        """Say nothing more."""
        for way in self._ways.values():
            way.close()


def receiver(listener: WayListener) -> Callable[[dict[str, msgspec.Raw], bytes | None], Coroutine[Any, Any, bytes]]:
    """The method `peer.volatile` at a sidecar's `listen` address. It raises RpcError for a malformed call."""

    async def volatile(params: dict[str, msgspec.Raw], about: bytes | None) -> bytes:
        try:
            asked, messages = volatile_peers.read(params)
        except msgspec.DecodeError:
            problem = PeerError(NOT_MESSAGES, "it is nothing that is said of volatile sessions")
            raise RpcError(INVALID_PARAMS, problem.text, problem.as_json()) from None
        if asked.to not in ("", listener.process):
            return volatile_peers.answer(listener.process)
        refused = listener.heard(access.calling(), asked.process, messages, asked.lost, by_shard=False)
        return volatile_peers.answer(listener.process, refused)

    return volatile
