"""Whatever crosses a border is read, or refused in the one way that its reader declares; it raises nothing else.

A fixed number of generated inputs, the same in every run: random bytes, and valid messages with a few bytes changed,
which get further. Some borders have fuzz tests of their own: `rpc.strict` against a slow plain reading, `rpc.framing`
in any cutting, trace headers.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accompanist.errors import PeerError
from accompanist.language.values import codec
from accompanist.log import inbox
from accompanist.rpc import envelope, meta, peers
from accompanist.rpc.access import Access, Token
from accompanist.rpc.strict import Malformed, check
from accompanist.runtime.ports import Delivery
from tests.log.letters import header, message

budget = settings(max_examples=300, derandomize=True, database=None)

OF = header(UUID(int=7, version=4), deadline=1.5)
[(_, CALL)] = peers.calls([message(OF), message(OF, "2", payload=b'[1,{"a":"b"}]')])
MESSAGES = CALL.removeprefix(b'{"messages":').removesuffix(b"}")
ANSWERS = peers.answer([Delivery.STORED, Delivery.FULL])
META = meta.write(meta.Meta(session=OF.session, role="payment", site="4", deadline=2.0, traceparent="00-1-2-01"))
REQUEST = envelope.write_request(1, "charge", b'{"amount":4}', META)
BATCH = b"[" + REQUEST + b"," + REQUEST + b"]"
TABLE = Access([Token.of("shop", {"start"}, "secret-of-the-shop")], {"session.start": "start"})


class Order(msgspec.Struct):
    number: int
    lines: dict[str, list[float]]
    note: str | None = None


ORDER = b'{"number":4,"lines":{"a":[1.5,2]},"note":"n"}'


@st.composite
def near(draw: st.DrawFn, sound: bytes) -> bytes:
    """Sound bytes, cut, doubled, or with some of them changed; or none of that at all."""
    data = bytearray(sound)
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(["change", "cut", "insert", "double", "word"])):
            case "change" if data:
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + draw(st.integers(1, 20))]
            case "insert":
                data[at:at] = draw(st.binary(max_size=8))
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, 60))]
            case _:
                words = [b"null", b"-1", b"1e999", b"[]", b"{}", b'"\\ud800"', b"NaN", b'"",', b"9" * 30, b"true"]
                data[at:at] = draw(st.sampled_from(words))
    return bytes(data)


READERS: list[tuple[str, Callable[[bytes], Any], bytes, tuple[type[Exception], ...]]] = [
    ("the border", check, BATCH, (Malformed,)),
    ("messages of a peer", peers.read, MESSAGES, (msgspec.DecodeError,)),
    ("answers of a peer", lambda data: peers.read_answer(data, 2), ANSWERS, (peers.Nonsense,)),
    ("what goes with a call", meta.read, META, (msgspec.DecodeError,)),
    ("a request", envelope.read_requests, REQUEST, ()),
    ("a batch", envelope.read_requests, BATCH, ()),
    ("a value", lambda data: codec.decode(data, Order), ORDER, (codec.DecodeError,)),
    ("a token", TABLE.caller, b"Bearer secret-of-the-shop", (PeerError,)),
]


@pytest.mark.slow
@pytest.mark.parametrize(("read", "sound", "declared"), [row[1:] for row in READERS], ids=[row[0] for row in READERS])
@budget
@given(data=st.data())
def test_what_comes_is_read_or_refused_as_declared(
    read: Callable[[bytes], Any], sound: bytes, declared: tuple[type[Exception], ...], data: st.DataObject
) -> None:
    given_bytes = data.draw(st.one_of(st.binary(max_size=200), near(sound)))
    with contextlib.suppress(*declared):
        read(given_bytes)


@pytest.mark.parametrize(("read", "sound"), [(row[1], row[2]) for row in READERS], ids=[row[0] for row in READERS])
def test_what_is_sound_is_read(read: Callable[[bytes], Any], sound: bytes) -> None:
    """Without this the fuzzing may never get past the first byte."""
    read(sound)


@pytest.mark.slow
@budget
@given(data=near(MESSAGES))
def test_messages_that_are_read_can_be_kept_and_read_again(data: bytes) -> None:
    """What is let in becomes a row, whose text a later reader must not stumble over."""
    try:
        messages = peers.read(data)
    except msgspec.DecodeError:
        return
    for found, *stored in zip(messages, *inbox.columns(messages), strict=True):
        assert inbox.from_columns(stored) == found


NASTY = st.text(max_size=40) | st.none() | st.integers() | st.lists(st.integers(), max_size=2)


@pytest.mark.slow
@budget
@given(
    fields=st.dictionaries(st.sampled_from(["session", "role", "site", "key", "attempt", "deadline", "baggage"]), NASTY)
)
def test_meta_of_the_wrong_types_is_refused_without_its_contents(fields: dict[str, Any]) -> None:
    try:
        meta.read(msgspec.json.encode(fields))
    except msgspec.ValidationError as problem:
        text = str(problem)
        assert not [value for value in fields.values() if isinstance(value, str) and len(value) > 8 and value in text]
