"""Canonical bytes: the same value, the same bytes; what has no canonical form is refused wherever it hides."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from accompanist import Outcome, limits
from accompanist.language.values import codec, shape


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    tags: Any = ()


@dataclass(frozen=True)
class Outer:
    inner: Inner
    numbers: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Held:
    d: dict[str, int]


class Struct(msgspec.Struct):
    inner: Inner


@pytest.mark.parametrize(
    "value",
    [
        {1, 2},
        [frozenset({"a"})],
        {"a": {"b": {1}}},
        Outer(Inner({1})),
        Struct(Inner(({"x"},))),
        float("nan"),
        Outer(Inner([float("inf")])),
        Decimal("NaN"),
        Outer(Inner([Decimal("-Infinity")])),
        2**64,
        object(),
        Outer(Inner(object())),
        lambda: 1,
    ],
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(codec.EncodeError) as caught:
        codec.encode(value)
    assert caught.value.code == "ACC301"


def test_a_value_that_holds_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(codec.EncodeError):
        codec.encode(loop)


def test_keys_are_sorted_at_every_depth() -> None:
    one = Outer(Inner({"b": 1, "a": {"d": 1, "c": 2}}), {"y": 1, "x": 2})
    other = Outer(Inner({"a": {"c": 2, "d": 1}, "b": 1}), {"x": 2, "y": 1})
    assert codec.encode(one) == codec.encode(other)


@pytest.mark.parametrize(
    ("value", "type"),
    [
        (Colour.RED, Colour),
        (Decimal("1.10"), Decimal),
        (date(2026, 1, 2), date),
        (UUID(int=5), UUID),
        (b"\x00\xff", bytes),
        ((1, "a"), tuple[int, str]),
        ({1: "a"}, dict[int, str]),
        (Outcome(True, Inner(("x",))), Outcome[Inner | None]),
        (Outcome(False, None, "no"), Outcome[Inner | None]),
        (None, None),
    ],
)
def test_what_comes_back_is_equal(value: Any, type: Any) -> None:
    back = codec.decode(codec.encode(value), type)
    if isinstance(value, Outcome) and value.ok:
        assert back.value.tags == ["x"]  # a field of type Any comes back as JSON has it
    else:
        assert back == value


@pytest.mark.slow
@given(
    st.recursive(
        st.integers(-(2**53), 2**53)
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
        | st.booleans()
        | st.none(),
        lambda inner: st.lists(inner),
    )
)
def test_the_same_value_gives_the_same_bytes(value: Any) -> None:
    data = codec.encode(value)
    assert codec.encode(codec.decode(data, Any)) == data
    assert codec.digest(data) == codec.digest(bytes(data))


def test_bytes_that_do_not_fit_are_refused_without_showing_them() -> None:
    with pytest.raises(codec.DecodeError) as caught:
        codec.decode(b'{"inner": "s3cret"}', Outer)
    assert "s3cret" not in str(caught.value)


class Model(BaseModel, frozen=True):
    number: int = Field(alias="no", gt=0)
    when: date
    inner: Inner | None = None


class Plain(msgspec.Struct, frozen=True):
    number: int
    when: date


@dataclass(frozen=True)
class Data:
    number: int
    when: date


WHEN = date(2026, 1, 31)


@pytest.mark.parametrize("value", [Data(1, WHEN), Plain(1, WHEN), Model(no=1, when=WHEN, inner=Inner(("a",)))])
def test_a_message_comes_back_as_it_was(value: Any) -> None:
    data = codec.encode(value)
    back = codec.decode(data, type(value))
    assert type(back) is type(value)
    assert codec.encode(back) == data


@pytest.mark.parametrize("kind", [Data, Plain, Model])
@pytest.mark.parametrize(
    "data", [b'{"number":"one","no":"one","when":"2026-01-31"}', b'{"number":1,"no":1,"when":"secret"}', b"{}", b"[]"]
)
def test_an_ill_typed_message_is_refused_where_it_arrives(kind: Any, data: bytes) -> None:
    with pytest.raises(codec.DecodeError) as caught:
        codec.decode(data, kind)
    assert caught.value.code == "ACC302" and kind.__name__ in str(caught.value)
    assert "secret" not in str(caught.value), "no content in an error"


def test_a_model_keeps_its_own_rules() -> None:
    with pytest.raises(codec.DecodeError, match=r"no \(greater_than\)"):
        codec.decode(b'{"no":0,"when":"2026-01-31"}', Model)


def test_a_set_does_not_hide_in_a_model() -> None:
    class Bag(BaseModel):
        things: set[int]

    with pytest.raises(codec.EncodeError):
        codec.encode([Bag(things={1, 2})])


def _nested(levels: int) -> list[Any]:
    value: list[Any] = ["[[[[{"]
    for _ in range(levels - 1):
        value = [value]
    return value


def test_a_value_is_nested_as_deep_as_every_reader_can_take() -> None:
    """Deeper, it would be refused at each border it comes to, and asked for again for ever."""
    assert codec.encode(_nested(limits.json_depth_max))
    with pytest.raises(codec.EncodeError, match="nested deeper than 64"):
        codec.encode(_nested(limits.json_depth_max + 1))


@dataclass(frozen=True)
class Dictful:
    number: int
    extra: int = 0


@dataclass(frozen=True, slots=True)
class Slotted:
    number: int
    extra: int = 0


@pytest.mark.parametrize("kind", [Dictful, Slotted])
def test_a_default_that_was_not_sent_is_in_the_bytes_all_the_same(kind: Any) -> None:
    back = codec.decode(b'{"number":1}', kind)
    assert back == kind(1)
    assert codec.encode(back) == codec.encode(kind(1)) == b'{"extra":0,"number":1}'
    assert codec.encode([{"in": codec.decode(b'{"number":1}', kind)}]) == b'[{"in":{"extra":0,"number":1}}]'


@dataclass(frozen=True)
class Noted:
    notes: list[dict[str, str]]


LONG = "x" * 20_000


@pytest.mark.parametrize("value", [[LONG, Held({"a": True})], [LONG, *[1] * 200, Held({"a": True})]])
def test_a_bool_in_the_place_of_a_number_is_found_beside_long_texts(value: Any) -> None:
    with pytest.raises(codec.EncodeError, match=r"a number belongs there, not a bool - at `\$\[\d+\].d\[...\]`"):
        codec.encode(value)
    assert codec.encode([LONG, True, "\\u0000", "true"])


@given(st.binary(max_size=300), st.integers(0, 200))
def test_parts_are_counted_in_long_bytes_as_in_short_ones(data: bytes, commas: int) -> None:
    long = data + b"x" * 20_000 + b"," * commas
    assert shape.parts(long) == long.count(b"[") + long.count(b"{") + long.count(b",") + 1


def test_a_text_that_no_worker_could_keep_is_refused_with_its_path_and_not_shown() -> None:
    """Postgres keeps U+0000 in no text: it would pass every check of ours and fail at the worker again and again."""
    with pytest.raises(codec.EncodeError, match=r"U\+0000 at \$\.notes\[1\]\[\.\.\.\]") as refused:
        codec.encode(Noted([{}, {"CANARY": "a\0b"}]))
    assert "CANARY" not in str(refused.value)
    with pytest.raises(codec.DecodeError, match=r"U\+0000 - at `\$\.notes\[0\]\[\.\.\.\]`") as unread:
        codec.decode(b'{"notes":[{"CANARY\\u0000":"b"}]}', Noted)
    assert "CANARY" not in str(unread.value)


@pytest.mark.parametrize("text", ["\\u0000", "\u0001", "a\\\\u0000"])
def test_what_only_looks_like_it_is_kept(text: str) -> None:
    assert codec.decode(codec.encode(text), str) == text


@pytest.mark.parametrize("told", [b'"NaN"', b'"-sNaN12"', b'"Infinity"', b'"\\u004eaN"', b'" inf "'])
def test_a_decimal_that_arrives_is_a_number(told: bytes) -> None:
    for data, type in (
        (told, Decimal),
        (b"[" + told + b"]", list[Decimal]),
        (b'{"a":' + told + b"}", dict[str, Decimal]),
    ):
        with pytest.raises(codec.DecodeError):
            codec.decode(data, type)
    assert codec.decode(b'"1.50"', Decimal) == Decimal("1.50")


@pytest.mark.parametrize(
    ("told", "type"),
    [
        (b'{"z": 1, "a": 2, "b": 3}', dict[str, int]),
        (b'{"9":1,"10":2}', dict[int, int]),
        (b'[{"z":1e40,"a":{"y":1,"x":123456789012345678901234567890}}]', Any),
        (b'{"d":{"z":1,"a":2}}', Held),
    ],
)
def test_a_dict_arrives_in_the_order_of_its_keys(told: bytes, type: Any) -> None:
    assert repr(codec.decode(told, type)) == repr(codec.decode(codec.canonical(told), type))
    held = codec.decode(told, type)
    while not isinstance(held, dict):
        held = held[0] if isinstance(held, list) else held.d
    assert list(held) == sorted(held, key=str)
