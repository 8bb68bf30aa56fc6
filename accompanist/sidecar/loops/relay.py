"""Relays messages to and from services in other databases (`docs/log.md`), sidecar to sidecar.

Sending. A burst's commit leaves messages for such a service in our outbox. One loop per peer reads what is due there,
sends it (`rpc.peers`), and deletes a message when the peer answers that it is on disk. If the message or the answer is
lost, it is sent again, which is harmless, because the receiver recognises duplicates. A loop runs when it is woken, and
every `outbox_retry_ms` while a sent message may still be in the outbox and become due again.

Receiving. The caller's token identifies the sending service in our inbox, whatever the messages say. The answer leaves
after the commit, so the inbox row is on disk before the sender deletes the message (Rule 0).

Not promised: an order of messages; a bound on the messages for an unavailable peer that pile up in our outbox; that a
message of a process that was paused longer than tombstones are kept is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Protocol

import msgspec
import structlog

from accompanist import limits
from accompanist.background import Background
from accompanist.errors import PeerError, catalogue
from accompanist.rpc import access, meta, peers
from accompanist.rpc.envelope import INVALID_PARAMS, RpcError
from accompanist.runtime.answers import Answer, Fault, Missing, Replied, RetryLater
from accompanist.runtime.log import PeerPort
from accompanist.runtime.messages import Message
from accompanist.runtime.ports import Delivery, Fate, LogUnavailable, fate
from accompanist.sidecar.loops.portion import Portion

logger = structlog.get_logger("accompanist.relay")

NOT_MESSAGES = catalogue(
    "ACC720",
    "not messages of a session",
    "A peer's sidecar sent something that is no list of messages, or too many messages at once.",
    "Compare the versions of Accompanist on both sides.",
)
_ABOUT = meta.write(meta.Meta())
_AGAIN_S = 2 * limits.outbox_retry_cap_ms / 1000
"""For so long after a send, its messages may still be in the outbox and become due again."""


class Courier(Protocol):
    """A connection to a peer's sidecar; `rpc.client.WorkerClient` is one."""

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer: ...


class Relay:
    """Sends messages to the peers in `couriers`. `clashed` is called for a message that its receiver will never
    take."""

    def __init__(
        self,
        log: PeerPort,
        couriers: Mapping[str, Courier],
        clashed: Callable[[Message, Delivery], None],
        background: Background | None = None,
    ) -> None:
        self._log = log
        self._couriers = couriers
        self._clashed = clashed
        self._background = background or Background(away=(LogUnavailable,))
        self._portions = {peer: Portion(limits.relay_rows_max) for peer in couriers}
        self._woken = {peer: asyncio.Event() for peer in couriers}
        self._sent_at: dict[str, float] = {}
        """When a message was last sent to each peer."""
        self._silent: set[str] = set()
        self._tasks: list[asyncio.Task[None]] = []

    def wake(self, services: Collection[str]) -> None:
        """Wake the loops of these services: there may be messages for them in the outbox."""
        for service in self._woken.keys() & set(services):
            self._woken[service].set()

    def start(self) -> None:
        self._tasks = [
            self._background.repeat(f"relay to {peer}", partial(self._send_all, peer), partial(self._wait, peer))
            for peer in self._couriers
        ]

    async def stop(self) -> None:
        """Stop the loops. Unacknowledged messages are sent again later, here or elsewhere."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send_all(self, peer: str) -> None:
        while await self.send(peer):
            pass

    async def _wait(self, peer: str) -> None:
        """Wait until there are new messages, or old ones may be due again."""
        now = asyncio.get_running_loop().time()
        again = now - self._sent_at.setdefault(peer, now) < _AGAIN_S
        try:
            async with asyncio.timeout(limits.outbox_retry_ms / 1000 if again else None):
                await self._woken[peer].wait()
        except TimeoutError:
            pass

    async def send(self, peer: str) -> bool:
        """Send the messages that are due for a peer. Returns whether there may be more. Raises LogUnavailable."""
        self._woken[peer].clear()
        with self._portions[peer].asked() as rows:
            due = await self._log.relay([peer], rows)
        if due:
            self._sent_at[peer] = asyncio.get_running_loop().time()
        for messages, arguments in peers.calls([one.message for one in due]):
            if not await self._send(peer, messages, arguments):
                return False
        return len(due) >= rows or sum(len(one.message.payload) for one in due) >= limits.batch_bytes_max

    async def _send(self, peer: str, messages: Sequence[Message], arguments: bytes) -> bool:
        """Send messages in one call; False if the peer is unavailable. If the peer refuses the call as a whole, the
        messages are sent in halves, so that one it cannot read does not block the others."""
        answer = await self._couriers[peer].call(peers.DELIVER, arguments, _ABOUT, limits.call_timeout_ms)
        deliveries = self._deliveries(peer, answer, len(messages))
        if deliveries is None and _refuses(answer) and len(messages) > 1:
            halves = messages[: len(messages) // 2], messages[len(messages) // 2 :]
            return all([await self._send(peer, half, peers.arguments(half)) for half in halves])
        if deliveries is None:
            return False
        told = list(zip(messages, deliveries, strict=True))
        await self._log.relayed(told)
        for message, delivery in told:
            if fate(delivery) is Fate.NEVER:
                self._clashed(message, delivery)
        return True

    def _deliveries(self, peer: str, answer: Answer, count: int) -> list[Delivery] | None:
        """The deliveries in a peer's answer; None: send again later. A problem is logged once, until it changes."""
        if _refuses(answer):
            if count == 1:
                logger.error("message.unreadable", peer=peer, problem=_problem(answer))
            return [Delivery.REFUSED] if count == 1 else None
        problem = _problem(answer)
        if isinstance(answer, Replied):
            try:
                deliveries = peers.read_answer(answer.value, count)
            except peers.Nonsense as nonsense:
                problem = str(nonsense)
            else:
                if peer in self._silent:
                    self._silent.discard(peer)
                    logger.info("peer.back", peer=peer)
                return deliveries
        if peer not in self._silent:
            self._silent.add(peer)
            logger.warning("peer.away", peer=peer, problem=problem)
        return None


def _refuses(answer: Answer) -> bool:
    """Whether a peer has read the call and refuses its content, so that a retry would fail again."""
    return isinstance(answer, Fault) and answer.refused


def _problem(answer: Answer) -> str:
    match answer:
        case Fault(text=text) | RetryLater(text=text):
            return text
        case Missing():
            return "what listens there takes no messages of peers"
        case _:
            return type(answer).__name__.lower()


class Receiver:
    """The methods for peers at a sidecar's `listen` address."""

    def __init__(self, log: PeerPort) -> None:
        self._log = log

    async def deliver(self, params: dict[str, msgspec.Raw], about: bytes | None) -> bytes:
        """`peer.deliver`. Raises RpcError for a malformed call, which makes the peer send its messages in smaller
        calls; and, while the log is unavailable, `retry later`."""
        try:
            messages = peers.read(bytes(params["messages"]))
        except peers.TooMany as problem:
            raise _not_messages(str(problem)) from None
        except (KeyError, msgspec.DecodeError):
            raise _not_messages("`messages` is missing, or is no list of them") from None
        return peers.answer(await self._log.accept(access.calling(), messages))


def _not_messages(text: str) -> RpcError:
    problem = PeerError(NOT_MESSAGES, text)
    return RpcError(INVALID_PARAMS, problem.text, problem.as_json())
