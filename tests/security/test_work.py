"""What a border does with bytes that were made to cost much. Work is counted, not timed: the lines of Python that run,
and the memory that is taken. A line is run once a message and not once a byte; a loop over values is over a number of
them that is bounded.
"""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec
import pytest

from accompanist import limits
from accompanist.errors import AccompanistError
from accompanist.language.values import codec
from accompanist.log import inbox
from accompanist.rpc import envelope, meta, peers, strict
from accompanist.sidecar.api import public as api
from tests.effort import lines
from tests.log.letters import header, message

BYTES = 400_000  # enough for every bound on values
PARTS = limits.message_parts_max
VALUE_PARTS = limits.json_parts_max
ONCE = 1_000
A_PART = 30 * VALUE_PARTS
MEMORY = 80 * BYTES


def filled(piece: bytes, least: bytes = b"1", size: int = BYTES) -> bytes:
    """A list of as many of these as there is room for."""
    return b"[" + (piece + b",") * ((size - 4) // (len(piece) + 1)) + least + b"]"


def many(piece: bytes, parts_each: int, parts: int) -> bytes:
    """A list of as many of these as are let in."""
    return b"[" + (piece + b",") * ((parts - 4) // parts_each) + b"1]"


SHAPES = {
    "brackets": b"[" * (BYTES // 2) + b"]" * (BYTES // 2),
    "empty lists": filled(b"[]"),
    "empty objects": filled(b"{}"),
    "numbers": filled(b"1"),
    "texts": filled(b'""'),
    "nests": filled(b"[" * 60 + b"]" * 60),
    "long numbers": filled(b"9" * limits.json_digits_max),
    "one number": b"9" * BYTES,
    "keys": b"{" + b",".join(b'"%x":0' % number for number in range(BYTES // 11)) + b"}",
    "the same key": b"{" + b",".join([b'"a":0'] * (BYTES // 6)) + b"}",
    "escapes": b'["[[' + rb"\\" * (BYTES // 2 - 200) + b'",' + b"[]," * 100 + b"1]",
    "quotes": b'["' + rb"\"," * (BYTES // 3 - 200) + b'",' + b"[]," * 100 + b"1]",
    "brackets in a text": b'["' + b"[{," * (BYTES // 3 - 200) + b'",' + b"[]," * 100 + b"1]",
    "unfinished": b"[" + b'["a",' * (BYTES // 5),
    "lists, as many as may be": many(b"[]", 2, PARTS),
    "objects, as many as may be": many(b'{"a":[]}', 3, PARTS),
    "texts, as many as may be": many(b'"a"', 1, PARTS),
    "a value's lists": many(b"[]", 2, VALUE_PARTS),
    "a value's objects": many(b'{"a":true}', 2, VALUE_PARTS),
    "a value's numbers": many(b"1.5", 1, VALUE_PARTS),
}


def request(shape: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"session.start","params":{"arguments":' + shape + b"}}"


def coded(shape: bytes) -> bytes:
    """Through the codec and back, as an argument goes."""
    return codec.encode(codec.decode_exactly(codec.canonical(shape), Any))


def typed(shape: bytes) -> Any:
    return codec.decode_exactly(shape, list[dict[str, list[bool]] | list[int] | float | str | int])


def parameters(shape: bytes) -> Any:
    strict.check(shape)
    return api.read({"session": msgspec.Raw(shape)}, api.Get)


def row(header: bytes = b"{}", context: bytes = b"{}") -> Any:
    columns = [UUID(int=1), "1", "a", "b", "data", header[: limits.about_bytes_max], b"1", context]
    return inbox.from_columns(columns)


BORDERS: dict[str, tuple[Callable[[bytes], Any], int]] = {
    "any message": (strict.check, ONCE),
    "a request": (lambda shape: envelope.read_requests(request(shape)), ONCE),
    "a request with a wrong member": (lambda shape: envelope.read_requests(b'{"id":1,"method":' + shape + b"}"), ONCE),
    "a batch": (envelope.read_requests, ONCE),
    "a worker's answer": (
        lambda shape: envelope.read_answer(b'{"jsonrpc":"2.0","id":1,"result":' + shape + b"}"),
        ONCE,
    ),
    "a worker's reason": (
        lambda shape: envelope.read_answer(
            b'{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"","data":' + shape + b"}}"
        ),
        ONCE,
    ),
    "a peer's messages": (peers.read, ONCE),
    "a peer's answers": (lambda shape: peers.read_answer(shape, 2), ONCE),
    "what goes with a call": (meta.read, ONCE),
    "a method's parameters": (parameters, ONCE),
    "a row's header": (lambda shape: row(header=shape), ONCE),
    "a row's trace": (lambda shape: row(context=shape), ONCE),
    "a value": (lambda shape: codec.decode(shape, list[list[int]]), ONCE),
    "a value of no type": (lambda shape: codec.decode(shape, Any), ONCE),
    "a value in its one form": (codec.canonical, ONCE),
    "a value there and back": (coded, A_PART),
    "a value that people send": (typed, A_PART),
}


def work(read: Callable[[bytes], Any], data: bytes) -> tuple[int, int]:
    """How many lines of Python ran, and how many bytes were held at most. What only the first message of a process has
    to do, such as to look at a type, is done before."""

    def tried(data: bytes) -> None:
        with suppress(AccompanistError, msgspec.DecodeError, peers.Nonsense):
            read(data)

    tried(b"1")
    gc.disable()  # what others have it call is no work of the border's
    tracemalloc.start()
    try:
        ran = lines(lambda: tried(data))
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        gc.enable()
    return ran, most


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize(("read", "lines_max"), BORDERS.values(), ids=BORDERS.keys())
def test_a_border_does_little_however_its_bytes_were_made(
    read: Callable[[bytes], Any], lines_max: int, shape: bytes
) -> None:
    ran, most = work(read, shape)
    assert ran <= lines_max
    assert most <= MEMORY


def test_what_is_counted_here_is_counted() -> None:
    """A reader that turns its own loop over what it was sent is found out."""

    def slow(data: bytes) -> int:
        depth = 0
        for byte in data:
            depth += byte == 91
        return depth

    ran, _ = work(slow, SHAPES["brackets"][:10_000])
    assert ran > 10_000


def test_the_largest_header_that_is_one_is_read() -> None:
    """The bound on its bytes is beyond what all its other bounds come to."""
    names = [f"a{number}".ljust(limits.name_chars_max, "x") for number in range(limits.roles_max)]
    largest = msgspec.structs.replace(
        header(UUID(int=7, version=4)),
        choreography=names[0],
        initiator=names[0],
        fingerprint="f" * limits.fingerprint_chars_max,
        bindings=dict(zip(names, names, strict=True)),
        attributes=dict.fromkeys(names[: limits.attributes_max], "😀" * limits.attribute_text_chars_max),
        deadline=1e9 / 3,
    )
    [stored] = zip(*inbox.columns([message(largest, receiver=names[0])]), strict=True)
    assert len(stored[5]) <= limits.header_bytes_max
    assert inbox.from_columns(stored) is not None
