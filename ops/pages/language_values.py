"""The parts of docs/language/values.md: values and their bytes, their form at their owner, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from accompanist import limits
from accompanist.errors import CATALOGUE, AccompanistError
from accompanist.language.values import codec
from accompanist.language.values.wire import as_sent
from ops.pages.language import fenced, listed, pair, quoted, read, table
from ops.pages.limits import sections

REFUSED = ("ACC140", "ACC141", "ACC142", "ACC143", "ACC170", "ACC171")
RUNNING = ("ACC301", "ACC302", "ACC303", "ACC304", "ACC305")
BOUNDS = ("payload_bytes_max", "json_depth_max", "json_parts_max", "json_digits_max", "generic_depth_max")


class Tier(Enum):
    """An enum that crosses by its members' values."""

    GOLD = "gold"


class Level(IntEnum):
    """An enum whose members Python takes for ints."""

    LOW = 1


@dataclass(frozen=True)
class Line:
    """A message with a default that is not of its declared type."""

    product: str
    price: float = 0
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Put:
    """A part of a union."""

    key: str
    kind: Literal["put"] = "put"


@dataclass(frozen=True)
class Batch:
    """Another part, which holds the union itself."""

    inner: tuple[Put | Batch, ...] = ()
    kind: Literal["batch"] = field(default="batch", init=False)


MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
NUMBER = UUID("12345678-1234-5678-1234-567812345678")
WRITTEN: tuple[tuple[str, Any], ...] = (
    ("None", None),
    ("True", True),
    ("7", 7),
    ("1.0", 1.0),
    ("1e22", 1e22),
    ('"a\\n"', "a\n"),
    ('b"ab"', b"ab"),
    ('Decimal("1.50")', Decimal("1.50")),
    ("date(2026, 3, 1)", date(2026, 3, 1)),
    ("datetime(2026, 3, 1, 12, 30, tzinfo=UTC)", MOMENT),
    ("timedelta(minutes=90)", timedelta(minutes=90)),
    ('UUID("12345678-…")', NUMBER),
    ("Tier.GOLD", Tier.GOLD),
    ("(1, 2)", (1, 2)),
    ('{"b": 1, "a": 2}', {"b": 1, "a": 2}),
    ("{2: True}", {2: True}),
    ('Line("kettle", 2.5)', Line("kettle", 2.5)),
    ('Batch((Put("a"),))', Batch((Put("a"),))),
)
NOT_WRITTEN: tuple[tuple[str, Any], ...] = (
    ("{1, 2}", {1, 2}),
    ('float("nan")', float("nan")),
    ('Decimal("Infinity")', Decimal("Infinity")),
    ("2**64", 2**64),
    ('"a\\0"', "a\0"),
    ("object()", object()),
    ('Line("a", True)', Line("a", True)),
)
BERLIN = ZoneInfo("Europe/Berlin")
SENT: tuple[tuple[str, Any, str, Any], ...] = (
    ("1", 1, "float", float),
    ("Level.LOW", Level.LOW, "int", int),
    ('Line("kettle")', Line("kettle"), "Line", Line),
    ("(1, 2)", (1, 2), "tuple[float, ...]", tuple[float, ...]),
    ('{"b": 1, "a": 2}', {"b": 1, "a": 2}, "dict[str, int]", dict[str, int]),
    ("datetime(…, tzinfo=ZoneInfo(…))", datetime(2026, 3, 1, 12, tzinfo=BERLIN), "datetime", datetime),
    ("2**53 + 1", 2**53 + 1, "float", float),
    ("True", True, "int", int),
)
READ: tuple[tuple[str, str, Any], ...] = (
    ('"7"', "int", int),
    ("1.5", "int", int),
    ('{"price": 1}', "Line", Line),
    ('{"key": "a", "kind": "put"}', "Put | Batch", Put | Batch),
    ('{"key": "a", "kind": "get"}', "Put | Batch", Put | Batch),
    ('{"key": "a"}', "Put | Batch", Put | Batch),
    ('"silver"', "Tier", Tier),
    ('"NaN"', "Decimal", Decimal),
)


def parts() -> dict[str, str]:
    """The parts of the page."""
    return {
        "values-written": table(("value", "bytes"), [(quoted(text), quoted(_bytes(one))) for text, one in WRITTEN]),
        "values-not-written": listed(f"`{text}`: {_unwritten(one)}" for text, one in NOT_WRITTEN),
        "values-sent": listed(_sent(*row) for row in SENT),
        "values-read": listed(_read(*row) for row in READ),
        "values-limits": table(("limit", "value", "of what"), _limits()),
        "values-codes": "\n\n".join(pair(code) for code in REFUSED),
        "values-running": listed(f"{code}, {CATALOGUE[code].title}. {CATALOGUE[code].why}" for code in RUNNING),
        "values-union": fenced(_union(), "python"),
    }


def _bytes(value: Any) -> str:
    return codec.encode(value).decode()


def _unwritten(value: Any) -> str:
    try:
        codec.encode(value)
    except codec.EncodeError as problem:
        return f"{problem.code}, {problem.text}."
    raise AssertionError(f"{value!r} has a form")


def _sent(text: str, value: Any, kind: str, type: Any) -> str:
    declared = f"`{text}` as `{kind}`"
    try:
        return f"{declared}: `{as_sent(value, type)!r}`."
    except AccompanistError as problem:
        return f"{declared}: refused, {problem.code}, {problem.text}."


def _read(text: str, kind: str, type: Any) -> str:
    read = f"`{text}` as `{kind}`"
    try:
        return f"{read}: `{codec.decode(text.encode(), type)!r}`."
    except AccompanistError as problem:
        return f"{read}: refused, {problem.code}, {problem.text}."


def _limits() -> Iterator[tuple[str, str, str]]:
    said = {one.name: one.what for _, bounds in sections() for one in bounds}
    for name in BOUNDS:
        yield f"`{name}`", f"{getattr(limits, name):,}", said[name]


def _union() -> str:
    text = read("ops/pages/language_values.py") or ""
    found = re.search(r"^@dataclass\(frozen=True\)\nclass Put:.*?(?=\n\n\nMOMENT)", text, re.MULTILINE | re.DOTALL)
    assert found is not None
    return re.sub(r' *"""[^"]*"""\n\n', "", found[0])
