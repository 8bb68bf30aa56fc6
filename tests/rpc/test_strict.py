"""What is refused before parsing: by a table, and compared with a slow and simple implementation of the same rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accompanist import limits
from accompanist.rpc import strict
from accompanist.rpc.strict import Malformed

DEPTH, DIGITS, PARTS = limits.message_depth_max, limits.json_digits_max, limits.message_parts_max


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    "data",
    [
        b"{}",
        b'{"a":{"a":1},"b":[{"a":1}]}',
        nested(DEPTH),
        b"[" + b",".join([b"{}"] * 500) + b"]",
        b'["' + b"[" * 1000 + b'"]',
        rb'["\\", "' + b"{" * 100 + rb"\"" + b"{" * 100 + b'"]',
        b"9" * DIGITS,
        b'"' + b"9" * 5000 + b'"',
        b'{"' + b"1" * 500 + b'":"\\"' + b"2" * 500 + b'"}',
        '"é\u2028"'.encode(),
        b" null\n",
        b"[" + b"1," * (PARTS - 2) + b"1]",
        b'["' + b"[,{" * PARTS + b'"]',
        b'["' + rb"\\\"[," * PARTS + b'"]',
    ],
)
def test_what_is_plain_json_passes(data: bytes) -> None:
    strict.check(data)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "not JSON at byte 0"),
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b'{"a":1,"a":1}', "names a key twice"),
        (b'[{"x":{"a":1,"\\u0061":1}}]', "names a key twice"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (nested(DEPTH + 1), "nested deeper"),
        (b'{"a":' * (DEPTH + 1), "nested deeper"),
        (b"[" * PARTS, "nested deeper"),
        (b"[" * 1_000_000, "nested deeper"),
        (b"[" + b"[]," * PARTS + b"1]", "more than 50000 values"),
        (b"[" + b"1," * PARTS + b"1]", "more than 50000 values"),
        (b"[" + b'"",' * PARTS * 4 + b"1]", "more than 50000 values"),
        (b"9" * (DIGITS + 1), "more than 400 digits"),
        (b"[0." + b"1" * (DIGITS + 1) + b"]", "more than 400 digits"),
        (b'{"a":"' + b"1" * 500 + b'","b":' + b"1" * 500 + b"}", "more than 400 digits"),
        (b'"\xff"', "not UTF-8"),
        ('"a"'.encode("utf-16"), "not UTF-8"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b"'a'", "not JSON"),
        (b"[1,]", "not JSON"),
        (b"\x00", "not JSON"),
    ],
)
def test_what_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(Malformed, match=text):
        strict.check(data)


def test_bytes_come_first() -> None:
    with pytest.raises(Malformed, match="11 bytes, the limit is 10"):
        strict.check(b"\xff" * 11, bytes_max=10)


def test_a_refusal_does_not_show_what_it_refuses() -> None:
    for data in (b'{"CANARY":1,"CANARY":2}', b'{"a":CANARY}', b'["CANARY'):
        with pytest.raises(Malformed) as refused:
            strict.check(data)
        assert "CANARY" not in str(refused.value)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.slow
@given(values)
def test_every_json_value_passes(value: Any) -> None:
    strict.check(json.dumps(value).encode())


@given(st.text(alphabet='[]{}"\\,:1a ', max_size=300))
def test_the_cheap_tests_agree_with_the_plain_ones(text: str) -> None:
    """Whatever is valid JSON within the bounds passes; nothing else does."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
        valid = False
    else:
        valid = _depth(value) <= DEPTH
    try:
        strict.check(text.encode())
    except Malformed as problem:
        assert not valid or "twice" in problem.text
    else:
        assert valid


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max((_depth(item) for item in inner), default=0)


@pytest.mark.parametrize("before", range(9))
def test_digits_are_counted_wherever_they_begin(before: int) -> None:
    """Not each byte of a long message is looked at."""
    text, behind = b'{"a":"' + b"x" * (20_000 + before) + b'","b":[', b"1" * 7 + b"]}"
    strict.check(text + b"1" * DIGITS + b"," + behind)
    with pytest.raises(Malformed, match="more than 400 digits"):
        strict.check(text + b"1" * (DIGITS + 1) + b"," + behind)
