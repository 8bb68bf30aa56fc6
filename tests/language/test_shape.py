"""The bounds on bytes agree with what a parser makes of them, and what is refused quickly is refused rightly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accompanist.language.values import shape

LEVELS = 6

nested = st.recursive(
    st.integers() | st.text(alphabet='[]{}"\\,:a', max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='[]{}"\\', max_size=3), inner),
    max_leaves=40,
)


def depth(value: Any) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if parts is None else 1 + max(map(depth, parts), default=0)


@given(nested, st.integers(0, 9))
@example([[], [[]], {}, "]", "[", [[[[[[]]]]]]], 0)
def test_values_are_as_deep_as_a_parser_finds_them(value: Any, wrapped: int) -> None:
    for _ in range(wrapped):
        value = [value, {}]
    for indent in (None, 1):
        found = shape.beyond(json.dumps(value, indent=indent).encode(), LEVELS, 10_000)
        assert found == (f"nested deeper than {LEVELS}" if depth(value) > LEVELS else "")


@pytest.mark.parametrize("text", ["", "[", '\\"', "\\\\", '"[', "{}[["])
def test_many_flat_parts_are_not_deep_whatever_their_texts_hold(text: str) -> None:
    flat = json.dumps([{"text": text, "number": 1}] * 1000).encode()
    assert shape.beyond(flat, LEVELS, 10_000) == ""
    deep = flat[:-1] + b"," + b"[" * LEVELS + b"]" * LEVELS + b"]"
    assert shape.beyond(deep, LEVELS, 10_000) == f"nested deeper than {LEVELS}"
