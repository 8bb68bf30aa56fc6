"""All messages that are due for a peer leave in as many calls as needed, in turn, while the peer answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec
from structlog.testing import capture_logs

from accompanist import limits
from accompanist.rpc import peers
from accompanist.runtime.answers import Answer, Fault, Replied
from accompanist.runtime.log import Log
from accompanist.runtime.messages import Kind, Message
from accompanist.runtime.ports import Delivery, RelayedMessage
from accompanist.sidecar.loops.relay import Relay
from tests.runtime import sagas

LARGE = b'"' + b"x" * (limits.payload_bytes_max - 2) + b'"'  # two of them do not go into one call


def message(site: str) -> Message:
    return Message(header=sagas.HEADER, kind=Kind.DATA, site=site, sender="a", receiver="b", payload=LARGE)


class Outbox:
    """The part of a log that a relay asks."""

    def __init__(self, *sites: str) -> None:
        self.due = [message(site) for site in sites]

    async def relay(self, services: Sequence[str], limit: int) -> Sequence[RelayedMessage]:
        return [RelayedMessage("b", one) for one in self.due[:limit]]

    async def relayed(self, told: Sequence[tuple[Message, Delivery]]) -> None:
        for one, _ in told:
            self.due.remove(one)


class Peer:
    """It stores what comes, in each call but the one that it is `silent` at."""

    def __init__(self, silent: int | None = None) -> None:
        self.calls: list[list[str]] = []
        self._silent = silent

    async def call(self, method: str, arguments: bytes, meta: bytes, timeout_ms: int) -> Answer:
        given = msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])
        self.calls.append([one.site for one in peers.read(bytes(given["messages"]))])
        if len(self.calls) == self._silent:
            return Fault("no answer", silent=True)
        return Replied(peers.answer([Delivery.STORED] * len(self.calls[-1])))


async def sent(outbox: Outbox, peer: Peer) -> bool:
    relay = Relay(cast(Log, outbox), {"b": peer}, lambda message, delivery: None)
    return await relay.send("b")


async def test_one_call_after_the_other_takes_all_that_is_due() -> None:
    outbox, peer = Outbox("1", "2", "3"), Peer()
    await sent(outbox, peer)
    assert peer.calls == [["1"], ["2"], ["3"]]
    assert outbox.due == []


async def test_a_peer_that_does_not_answer_is_sent_nothing_more_for_now() -> None:
    outbox, peer = Outbox("1", "2", "3"), Peer(silent=2)
    assert not await sent(outbox, peer)
    assert peer.calls == [["1"], ["2"]]
    assert [one.site for one in outbox.due] == ["2", "3"]


async def test_a_peer_that_is_away_is_told_of_once_and_once_when_it_is_back() -> None:
    outbox, peer = Outbox("1", "2"), Peer(silent=1)
    relay = Relay(cast(Log, outbox), {"b": peer}, lambda message, delivery: None)
    with capture_logs() as lines:
        await relay.send("b")
        peer._silent = 2
        await relay.send("b")
        await relay.send("b")
    assert [line["event"] for line in lines] == ["peer.away", "peer.back"]


def test_a_call_carries_no_more_messages_than_its_receiver_takes() -> None:
    """Also over a link, where nobody asks the log for a portion: one burst may have more for one role."""
    many = [msgspec.structs.replace(message(str(site)), payload=b"1") for site in range(2 * limits.relay_rows_max + 1)]
    groups = [
        peers.read(bytes(msgspec.json.decode(arguments, type=dict[str, msgspec.Raw])["messages"]))
        for _, arguments in peers.calls(many)
    ]
    assert [len(group) for group in groups] == [limits.relay_rows_max, limits.relay_rows_max, 1]
    assert [one for group in groups for one in group] == many
