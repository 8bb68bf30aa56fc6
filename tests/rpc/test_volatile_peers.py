"""What is said of volatile sessions between databases reads back, and what is none of it is refused."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from accompanist import limits
from accompanist.rpc import peers, volatile_peers
from accompanist.runtime.loss import Lost
from accompanist.runtime.messages import VOLATILE, Kind, Message
from tests.runtime import sagas


def message(mode: str = VOLATILE) -> Message:
    header = msgspec.structs.replace(sagas.HEADER, mode=mode, fingerprint="0f")
    return Message(header=header, kind=Kind.DATA, site="2", sender="a", receiver="b", payload=b"[1.0]")


def read(arguments: bytes) -> tuple[volatile_peers.VolatileCall, list[Message]]:
    return volatile_peers.read(msgspec.json.decode(arguments, type=dict[str, msgspec.Raw]))


def test_a_call_reads_back() -> None:
    sent, lost = [message()], [Lost(message().session, "gone")]
    said = [read(arguments) for arguments in volatile_peers.calls("p", "q", sent, lost)]
    assert {(asked.process, asked.to) for asked, _ in said} == {("p", "q")}
    assert [one for _, messages in said for one in messages] == sent
    assert [one for asked, _ in said for one in asked.lost] == lost
    assert [bool(messages) for _, messages in said] == [True, False], "a session's messages come before its loss"


def test_a_call_takes_so_many_lost_sessions() -> None:
    lost = [Lost(UUID(int=number)) for number in range(limits.relay_rows_max + 1)]
    said = [read(arguments)[0].lost for arguments in volatile_peers.calls("p", "q", [], lost)]
    assert [len(some) for some in said] == [limits.relay_rows_max, 1]
    assert [one for some in said for one in some] == lost


def test_a_question_has_no_messages() -> None:
    [arguments] = volatile_peers.calls("p", "", (), ())
    asked, messages = read(arguments)
    assert (asked.process, asked.to, messages, asked.lost) == ("p", "", [], [])
    assert volatile_peers.read_answer(volatile_peers.answer("q")) == volatile_peers.VolatileAnswer("q")


@pytest.mark.parametrize(
    "arguments",
    [
        b"{}",
        b'{"process":1}',
        b'{"process":"p","messages":1}',
        b'{"process":"p","lost":[{"session":"1"}]}',
        b'{"process":"' + b"p" * (limits.name_chars_max + 1) + b'"}',
    ],
)
def test_what_is_no_call_is_refused(arguments: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        read(arguments)


def test_a_durable_message_does_not_come_this_way() -> None:
    with pytest.raises(msgspec.DecodeError):
        read(b'{"process":"p",' + peers.arguments([message("durable")])[1:])
