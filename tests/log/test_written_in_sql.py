"""What the log's SQL writes as Python does: names of keys, canonical JSON. And what it says of a value and its type."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from random import Random
from typing import Any, Literal

import asyncpg
import msgspec
import orjson
import pytest
from pydantic import BaseModel

from accompanist.language.values import codec
from accompanist.language.values.schemas import schemas_of
from accompanist.sidecar.api.starting import name_of_key
from tests.postgres import SERVICES, Database


@pytest.fixture(scope="module")
def path() -> str:
    return SERVICES["warehouse"]


@pytest.fixture
async def log(module_database: Database, path: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(module_database.dsn(), server_settings={"search_path": path})
    yield connection
    await connection.close()


async def test_sha1_is_the_one_that_everybody_has(log: asyncpg.Connection) -> None:
    for length in (0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 200):
        message = Random(length).randbytes(length)
        assert await log.fetchval("SELECT sha1($1)", message) == hashlib.sha1(message).digest(), length


@pytest.mark.parametrize("key", ["k", "order-7", "é" * 500, "\U0001f3b9", " a key\n"])
async def test_a_key_has_one_name(log: asyncpg.Connection, key: str) -> None:
    assert await log.fetchval("SELECT name_of_key('warehouse', $1)", key) == name_of_key("warehouse", key)


@pytest.mark.parametrize(
    "value",
    [
        {"b": 1, "a": {"z": [], "é": {}, "Z": None, "aa": True}},
        [1, -7, 1.5, 12345678901234567890, '\x01\x1f\x7f\b\f\n\r\t"\\/', "\u2028é\U0001f3b9", False, [[]]],
        {"": "", " ": " ", "\n": "\n", "a.b": 0, "￿": 1, "\U0001f3b9": 2},
        "text",
        None,
    ],
)
async def test_json_has_one_form(log: asyncpg.Connection, value: Any) -> None:
    sent = orjson.dumps(value) if not isinstance(value, list) else msgspec.json.encode(value)
    assert (await log.fetchval("SELECT canonical($1)", sent.decode())).encode() == codec.canonical(sent)


async def test_numbers_are_written_as_jsonb_keeps_them(log: asyncpg.Connection) -> None:
    assert await log.fetchval("SELECT canonical('[1.0, 1.50, 1e2, 1E-2, -0.0]')") == "[1.0,1.50,100,0.01,0.0]"


@pytest.mark.parametrize("value", ["[1e131000]", "[1e-500]", "[" * 66 + "]" * 66])
async def test_what_would_take_much_to_write_is_refused(log: asyncpg.Connection, value: str) -> None:
    with pytest.raises(asyncpg.PostgresError, match="ACC714"):
        await log.fetchval("SELECT canonical($1)", value)


async def test_of_a_nested_union_each_level_is_looked_at_once(log: asyncpg.Connection) -> None:
    """A tag comes before the members that would have to be looked through to their ends, for each type of the union."""
    part = {"type": "object", "required": ["type", "arg"], "additionalProperties": False}
    types = {
        name: part | {"properties": {"type": {"enum": [name]}, "arg": {"anyOf": [{"$ref": "Neg"}, {"$ref": "Abs"}]}}}
        for name in ("Neg", "Abs")
    }
    value: Any = {"type": "Abs", "arg": None}
    for _ in range(30):
        value = {"type": "Abs", "arg": value}
    asked = orjson.dumps(value).decode(), orjson.dumps(types).decode()
    await log.execute("SET statement_timeout = '20s'")
    assert await log.fetchval("SELECT misfit($1, '{\"$ref\": \"Abs\"}', $2, '$')", *asked) is not None


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Line:
    product: str
    quantity: int = 1


@dataclass(frozen=True)
class Ask:
    by: str
    lines: tuple[Line, ...] = ()
    pair: tuple[int, str] | None = None
    colour: Colour = Colour.RED
    prices: dict[str, float] = field(default_factory=dict)
    price: Decimal = Decimal(0)


@dataclass(frozen=True)
class Put:
    what: str
    kind: Literal["put"] = "put"


@dataclass(frozen=True)
class Take:
    many: int
    kind: Literal["take"] = "take"


class Tagged(msgspec.Struct, tag=True):
    next: Ask | None = None


class Model(BaseModel):
    number: int


class Odd:
    """A class that msgspec knows nothing of."""


FITTING: list[tuple[Any, Any]] = [
    (int, 5),
    (float, 5),
    (bool, True),
    (str | None, None),
    (Ask, {"by": "ann"}),
    (Ask, {"by": "ann", "lines": [{"product": "p"}], "pair": [1, "x"], "prices": {"any": 1}, "price": 1.5}),
    (Ask, {"by": "ann", "price": "1.5", "colour": "red", "pair": None}),
    (list[Ask], [{"by": "ann"}, {"by": "bob"}]),
    (Put | Take, {"kind": "put", "what": "x"}),
    (Put | Take, {"kind": "take", "many": 1}),
    (Tagged, {"type": "Tagged", "next": {"by": "ann"}}),
    (Model, {"number": "7"}),
    (list[Odd], [1, "a"]),
    (Any, {"whatever": [1]}),
]
MISFITS: list[tuple[Any, Any, str]] = [
    (int, True, "$ is no integer"),
    (int, 1.5, "$ is no integer"),
    (float, True, "$ is no number"),
    (str, None, "$ is no string"),
    (str | None, 5, "$ is of none of its types"),
    (Ask, [], "$ is no object"),
    (Ask, {}, "$ lacks by"),
    (Ask, {"by": "ann", "lins": []}, "$ has no member lins"),
    (Ask, {"by": "ann", "lines": [{"product": "p"}, {"product": 5}]}, "$.lines[1].product is no string"),
    (Ask, {"by": "ann", "lines": [{"product": "p", "quantity": "2"}]}, "$.lines[0].quantity is no integer"),
    (Ask, {"by": "ann", "pair": [1]}, "$.pair is of none of its types"),
    (Ask, {"by": "ann", "colour": "blue"}, "$.colour is none of the values that it may have"),
    (Ask, {"by": "ann", "prices": {"any": "1"}}, "$.prices[...] is no number"),
    (tuple[int, str], [1], "$ has another number of elements than it may have"),
    (tuple[int, str], [1, 2], "$[1] is no string"),
    (Put | Take, {"kind": "put", "many": 1}, "$ is of none of its types"),
    (Put | Take, {"kind": "steal", "many": 1}, "$ is of none of its types"),
    (Tagged, {"type": "Other"}, "$.type is none of the values that it may have"),
]


async def said(log: asyncpg.Connection, type: Any, value: Any) -> str | None:
    made = schemas_of([type, int])
    given = (msgspec.json.encode(part).decode() for part in (value, made.asked[0], made.named))
    found: str | None = await log.fetchval("SELECT misfit($1, $2, $3, '$')", *given)
    return found


@pytest.mark.parametrize(("type", "value"), FITTING)
async def test_what_fits_its_type_is_let_through(log: asyncpg.Connection, type: Any, value: Any) -> None:
    assert await said(log, type, value) is None


@pytest.mark.parametrize(("type", "value", "words"), MISFITS)
async def test_what_does_not_fit_is_found(log: asyncpg.Connection, type: Any, value: Any, words: str) -> None:
    assert await said(log, type, value) == words
    with pytest.raises(codec.DecodeError):
        codec.decode_exactly(orjson.dumps(value), type)


async def test_types_of_one_name_are_not_taken_for_one_another(log: asyncpg.Connection) -> None:
    """Where one of the types has no schema, each of the others still has its own."""
    other = dataclass(type("Line", (), {"__annotations__": {"size": int}}))

    class Strange:
        __slots__ = ()
        __dataclass_fields__ = 5  # msgspec raises where it looks at it

    for types in ([Line, other], [Line, other, Strange]):
        made = schemas_of(types)
        for schema, value, fits in ((made.asked[0], {"product": "p"}, True), (made.asked[1], {"product": "p"}, False)):
            given = (msgspec.json.encode(part).decode() for part in (value, schema, made.named))
            assert (await log.fetchval("SELECT misfit($1, $2, $3, '$')", *given) is None) is fits
