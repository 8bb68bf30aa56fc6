"""What is said on a link: it reads back as it was written, and what is no such frame is refused before it is used."""

from __future__ import annotations

from uuid import uuid4

import msgspec
import pytest

from accompanist import limits
from accompanist.rpc import link, peers
from accompanist.runtime.loss import Lost
from accompanist.runtime.messages import VOLATILE, Kind, Message
from tests.runtime import sagas


def message(payload: bytes = b'{"a":1}') -> Message:
    header = msgspec.structs.replace(sagas.HEADER, session=uuid4())
    return Message(header=header, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=payload)


def test_who_calls_reads_back() -> None:
    assert link.read_hello(link.hello("payment", b"\x00\xff")) == ("payment", b"\x00\xff")
    assert link.read_told(link.believed()) == link.Told(link=link.VERSION)
    assert link.read_told(link.believed("7", early=True)) == link.Told(link=link.VERSION, early=True, volatile="7")
    assert link.read_told(link.elsewhere([3, 60])) == link.Told(elsewhere=[3, 60])


def test_messages_read_back_with_the_bytes_of_their_payloads() -> None:
    sent = [message(), message(b'[1.0, "\xc3\xa4"]')]
    [(_, body)] = list(peers.calls(sent))
    handed = link.read_handed(body)
    assert (handed.messages, handed.early) == (sent, False)
    handed = link.read_handed(link.early(body))
    assert (handed.messages, handed.early) == (sent, True)


def test_a_payload_that_no_log_stores_is_refused() -> None:
    largest = b'"' + b"x" * (limits.payload_bytes_max - 2) + b'"'
    [(_, body)] = list(peers.calls([message(largest)]))
    assert len(link.read_handed(body).messages) == 1
    with pytest.raises(link.Unreadable):
        link.read_handed(peers.arguments([message(largest[:-1] + b'x"')]))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"link":1,"service":"payment"}',
        b'{"link":2,"service":"payment","proof":""}',
        b'{"link":1,"service":"payment","proof":"xyz"}',
        b'{"link":1,"service":"payment","proof":"","more":1}',
        b'{"link":1,"link":1,"service":"payment","proof":""}',
        b'{"link":1,"service":"' + b"p" * limits.hello_bytes_max + b'","proof":""}',
        b"\xff",
    ],
)
def test_a_caller_that_does_not_say_who_it_is_is_refused(body: bytes) -> None:
    with pytest.raises(link.Unreadable):
        link.read_hello(body)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'{"messages":1}',
        b'{"messages":[{}]}',
        b'{"messages":[],"messages":[]}',
        b'{"messages":[' + b",".join([b"[]"] * limits.message_parts_max) + b"]}",
        b'{"messages":[' + b"[" * limits.message_depth_max + b"]" * limits.message_depth_max + b"]}",
        b"\xff\xfe",
    ],
)
def test_what_is_no_list_of_messages_is_refused(body: bytes) -> None:
    with pytest.raises(link.Unreadable):
        link.read_handed(body)


def volatile() -> Message:
    made = message()
    return msgspec.structs.replace(made, header=msgspec.structs.replace(made.header, mode=VOLATILE))


def test_what_is_said_of_volatile_sessions_reads_back() -> None:
    sent = [volatile(), volatile()]
    lost = [Lost(sent[0].session, "gone", undo=True)]
    said = [link.read_handed(body) for body in link.volatile("p", sent, lost)]
    assert [one.process for one in said] == ["p"] * len(said)
    assert [message for one in said for message in one.messages] == sent
    assert [one for each in said for one in each.lost] == lost
    assert link.read_told(link.cannot_go_on(lost)).lost == lost
    assert link.read_told(link.believed("p")).volatile == "p"


def test_durable_and_volatile_sessions_keep_to_their_ways() -> None:
    """A message that says it is volatile, among those that the inbox has, would otherwise be acted upon without it."""
    with pytest.raises(link.Unreadable):
        link.read_handed(peers.arguments([volatile()]))
    with pytest.raises(link.Unreadable):
        link.read_handed(next(link.volatile("p", [message()])))


@pytest.mark.parametrize("body", [b"", b"[]", b'{"elsewhere":["3"]}', b'{"elsewhere":3}', b'{"link":"1"}', b"\xff"])
def test_what_is_no_answer_on_a_link_is_refused(body: bytes) -> None:
    with pytest.raises(link.Unreadable):
        link.read_told(body)
