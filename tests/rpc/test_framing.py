"""Framing: any cutting of the stream gives the same bodies, and nothing is kept that is too large."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accompanist import limits
from accompanist.rpc.framing import Decoder, Oversized, frame
from accompanist.rpc.strict import Malformed

MAX = 300


def decode(chunks: list[bytes], decoder: Decoder | None = None) -> list[bytes | Oversized]:
    decoder = decoder or Decoder(MAX)
    return [body for chunk in chunks for body in decoder.feed(chunk)]


@given(st.lists(st.binary(max_size=700), max_size=6), st.lists(st.integers(0, 4000), max_size=20))
def test_any_cutting_gives_the_same_bodies(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(frame(body) for body in bodies)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    decoder = Decoder(MAX)
    found = decode([stream[a:b] for a, b in itertools.pairwise(edges)], decoder)
    assert found == [
        body
        if len(body) <= MAX
        else Oversized(len(body), body[: limits.frame_edge_bytes], body[-limits.frame_edge_bytes :])
        for body in bodies
    ]
    assert not decoder.midway


@given(st.binary(max_size=2000))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    decoder = Decoder(MAX)
    try:
        decode([data], decoder)
    except Malformed:
        return
    assert len(decoder._buffer) <= len(data)


@pytest.mark.parametrize(
    "header",
    [
        b"content-length: 2\r\n\r\n",
        b"Content-Length:2\r\n\r\n",
        b"Content-Length:   0002  \r\n\r\n",
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: 2\r\n\r\n",
        b"Content-Length: 2\r\nContent-Type: application/json\r\n\r\n",
    ],
)
def test_headers_as_others_write_them(header: bytes) -> None:
    assert decode([header + b"{}"]) == [b"{}"]


@pytest.mark.parametrize(
    ("stream", "text"),
    [
        (b"{}", "begins with a header field"),
        (b"\r\n\r\n", "no colon"),
        (b"\x00", "begins with a header field"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "no colon"),
        (b"Content-Type: a\r\n\r\n", "without Content-Length"),
        (b"Content-Length: -1\r\n\r\n", "one Content-Length, in digits"),
        (b"Content-Length: 0x10\r\n\r\n", "one Content-Length, in digits"),
        (b"Content-Length: \r\n\r\n", "one Content-Length, in digits"),
        (b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n", "one Content-Length, in digits"),
        (b"Content-Length: " + b"9" * 30 + b"\r\n\r\n", "one Content-Length, in digits"),
        (b"Content-Length: 6917529027641081856\r\n\r\n", "a frame of 6917529027641081856 bytes"),
        (b"a" * limits.frame_header_bytes_max, "no frame header within"),
    ],
)
def test_what_ends_the_stream(stream: bytes, text: str) -> None:
    with pytest.raises(Malformed, match=text):
        decode([stream])


def test_good_frames_before_the_nonsense_count() -> None:
    decoder, found = Decoder(), []
    with pytest.raises(Malformed):
        for body in decoder.feed(frame(b"1") + frame(b"2") + b"\r\n\r\n"):
            found.append(body)
    assert found == [b"1", b"2"]


def test_a_body_that_is_too_large_is_not_kept() -> None:
    decoder, chunk = Decoder(), b"x" * 65_536
    chunks = 10 * limits.message_bytes_max // len(chunk)
    assert decode([b"Content-Length: %d\r\n\r\n" % (chunks * len(chunk))], decoder) == []
    for _ in range(chunks - 1):
        assert decode([chunk], decoder) == []
        assert len(decoder._buffer) <= limits.frame_edge_bytes
    assert decode([chunk, frame(b"{}")], decoder) == [
        Oversized(chunks * len(chunk), chunk[: limits.frame_edge_bytes], chunk[: limits.frame_edge_bytes]),
        b"{}",
    ]


def test_whether_the_stream_is_midway() -> None:
    decoder = Decoder()
    assert not decoder.midway
    for part in (b"Content-Le", b"ngth: 2\r\n\r\n", b"{"):
        decode([part], decoder)
        assert decoder.midway
    assert decode([b"}"], decoder) == [b"{}"]
    assert not decoder.midway
