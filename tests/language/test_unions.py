"""Unions of messages: a value is read as the part whose tag it has, wherever the union stands in a type."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

import msgspec
import pytest

from accompanist import Outcome
from accompanist.language.values import codec, tagged
from tests.language.programs import text

T = TypeVar("T")


@dataclass(frozen=True)
class Put:
    key: str
    value: int = 3
    kind: Literal["put"] = "put"

    def __post_init__(self) -> None:
        if self.value > 100:
            raise ValueError(f"{self.value} is a secret")


@dataclass(frozen=True, slots=True)
class Batch:
    inner: tuple[Put | Batch, ...] = ()
    names: list[str] = field(default_factory=list)
    kind: Literal["batch"] = field(default="batch", init=False)


class Letter(msgspec.Struct, frozen=True, rename="camel"):
    the_body: Put | Batch
    read_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Box(Generic[T]):
    held: T


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    number: int


class Pong(msgspec.Struct, frozen=True, tag=str.lower):
    number: int


class Row(msgspec.Struct, frozen=True, array_like=True, tag=True):
    done: bool
    number: int
    box: Box[int] | None = None


class Line(msgspec.Struct, frozen=True, array_like=True, tag=True):
    number: int


AT_MOST_ONE = msgspec.Meta(max_length=1)
VALUES: list[tuple[Any, Any]] = [
    (Put | Batch, Put("k")),
    (Put | Batch, Batch((Put("x"), Batch()), ["a"])),
    (Put | Batch | None, None),
    (Batch, Batch((Batch(),))),
    (Letter, Letter(Batch((Put("i", 9),)), ("b",))),
    (list[Letter] | int, [Letter(Put("u"))]),
    (dict[str, Put | Batch], {"a": Batch()}),
    (tuple[int, Put | Batch], (1, Put("u"))),
    (Box[Put | Batch], Box(Batch())),
    (Outcome[Put | Batch | None], Outcome(False, None, "no")),
    (Outcome[Put | Batch | None], Outcome(True, Put("z"))),
    (Ping | Pong | str, Pong(2)),
    (Ping | Pong | str, "text"),
    (Row, Row(True, 1)),
    (Row | Line, Row(True, 1, Box(2))),
    (Row | Line | None, Line(1)),
]


@pytest.mark.parametrize(("type", "value"), VALUES)
def test_what_was_written_is_read_again(type: Any, value: Any) -> None:
    data = codec.encode(value)
    read = codec.decode_exactly(data, type)
    assert (read, codec.encode(read)) == (value, data)
    assert read.__class__ is value.__class__


def test_fields_that_were_not_sent_have_their_defaults() -> None:
    assert codec.decode(b'{"kind":"put","key":"k"}', Put | Batch) == Put("k", 3)
    one = codec.decode(b'{"kind":"batch"}', Put | Batch)
    assert codec.encode(one) == codec.encode(Batch())
    assert one.names is not codec.decode(b'{"kind":"batch"}', Put | Batch).names


@pytest.mark.parametrize(
    ("type", "data", "words"),
    [
        (Put | Batch, b'{"kind":"got"}', ["not a valid Put | Batch", "unknown tag - at `$.kind`", "batch, put"]),
        (list[Put | Batch], b'[{"kind":"got"}]', ["unknown tag - at `$[0].kind`", "batch, put"]),
        (Put | Batch, b'{"kind":"batch","inner":[{"kind":"x"}]}', ["at `$.inner[0].kind`", "batch, put"]),
        (Put | Batch, b'{"key":"k"}', ["required field `kind`"]),
        (Put | Batch, b'{"kind":"put"}', ["required field `key`"]),
        (Put | Batch, b'{"kind":"put","key":4}', ["Expected `str`, got `int` - at `$.key`"]),
        (Put | Batch, b'{"kind":"put","key":"k","value":true}', ["Expected `int`, got `bool`"]),
        (Put | Batch, b'{"kind":"put","key":"k","valu":5}', ["unknown member"]),
        (Put | Batch, b'{"kind":"put","key":"k","value":101}', ["its own check raised ValueError"]),
        (Row | Line | None, b'["Row",true,1,{"held":1,"hold":2}]', ["unknown member - at `$[3]`"]),
        (Annotated[list[Put | Batch], AT_MOST_ONE], b'[{"kind":"batch"},{"kind":"batch"}]', ["of length <= 1"]),
        (Ping | Pong, b'{"type":"peng","number":1}', ["unknown tag - at `$.type`", "ping, pong"]),
    ],
)
def test_what_is_no_part_of_the_union_is_refused_and_the_tags_are_told(
    type: Any, data: bytes, words: list[str]
) -> None:
    with pytest.raises(codec.DecodeError) as refused:
        codec.decode_exactly(data, type)
    assert all(word in str(refused.value) for word in words), str(refused.value)
    assert "secret" not in str(refused.value)
    assert "got" not in str(refused.value).replace("got `", "")


def test_a_type_without_such_a_union_is_read_as_it_is() -> None:
    for type in (int, Put, Ping | Pong, list[Ping | None], dict[str, Any], Box[int]):
        assert tagged.readable(type) is type


HEAD = """
import msgspec
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Annotated, Final, Literal
from datetime import datetime
from pydantic import BaseModel
from accompanist import At, Role, choreography, query

@dataclass(frozen=True)
class Bare:
    n: int
@dataclass(frozen=True)
class Other:
    n: int
@dataclass(frozen=True)
class Yes:
    n: int
    kind: Literal["yes"] = "yes"
@dataclass(frozen=True)
class Aye:
    n: int
    kind: Literal["yes"] = "yes"
@dataclass(frozen=True)
class No:
    n: int
    kind: Literal["no"] = "no"
@dataclass(frozen=True)
class Last:
    n: int
    kind: Final[Literal["last"]] = "last"
@dataclass(frozen=True)
class Noted:
    n: int
    kind: Annotated[Literal["noted"], "how it is called"] = "noted"
class One(msgspec.Struct, frozen=True, tag=True):
    n: int
class Two(msgspec.Struct, frozen=True, tag=True):
    n: int
class Same(msgspec.Struct, frozen=True, tag="One"):
    n: int
class Elsewhere(msgspec.Struct, frozen=True, tag_field="kind", tag="elsewhere"):
    n: int
class Plain(msgspec.Struct, frozen=True):
    n: int
class Base(msgspec.Struct, frozen=True, tag=True, tag_field="sort"):
    pass
class First(Base, frozen=True):
    n: int
class Second(Base, frozen=True, tag="2nd"):
    n: int
class Row(msgspec.Struct, frozen=True, array_like=True, tag=True):
    n: int
class Line(msgspec.Struct, frozen=True, array_like=True, tag=True):
    n: int

class Code(IntEnum):
    ONE = 1
class Word(Enum):
    ONE = "one"
class Model(BaseModel, frozen=True):
    n: int

class A(Role):
    @query
    def f(self, x: TYPE) -> int: ...

@choreography
def c(a: A, x: At[TYPE, "a"]) -> At[int, "a"]:
    return a.f(x)
"""


TOLD = ["Yes | No", "Yes | Last | Noted", "One | Two", "No | Elsewhere", "First | Second", "Row | Line", "Row | Yes"]
PLAIN = ['Literal["a"] | str', 'Literal["a"] | Literal[1] | int', "Code | float"]


@pytest.mark.parametrize("union", [*TOLD, *PLAIN, "list[One | Two] | None"])
def test_parts_with_different_tags_in_one_field_are_a_union(union: str) -> None:
    assert text(HEAD.replace("TYPE", union)).ok


@pytest.mark.parametrize("union", TOLD)
def test_what_the_compiler_takes_for_a_union_is_read_as_one(union: str) -> None:
    names: dict[str, Any] = {}
    exec(compile(HEAD.replace("TYPE", union), "file", "exec", dont_inherit=True), names)
    type = eval(union, names)
    for part in get_args(type):
        assert codec.decode_exactly(codec.encode(part(1)), type) == part(1)


@pytest.mark.parametrize(
    ("union", "words"),
    [
        (
            "Bare | Other",
            'kind: Literal["bare"] = "bare" as the last field of class Bare, '
            'kind: Literal["other"] = "other" as the last field of class Other',
        ),
        ("Yes | Aye", 'kind: Literal["aye"] = "aye" as the last field of class Aye'),
        ("Bare | No", 'kind: Literal["bare"] = "bare" as the last field of class Bare'),
        ("One | Same", 'tag="one" in class One, tag="same" in class Same'),
        ("One | Plain", 'tag="plain" in class Plain'),
        ("One | Elsewhere", 'tag_field="type"'),
        ("One | First", 'tag_field="type"'),
        ("One | Yes", 'tag_field="kind"'),
        ("Yes | dict[str, int]", "a dataclass for each"),
        ("str | datetime", "a dataclass for each"),
        ("Code | int", "a dataclass for each of Code and int"),
        ('Word | Literal["z"]', "a dataclass for each"),
        ("One | Row", "no array_like in class Row"),
        ("Line | Two | Row", "no array_like in class Line, Row"),
    ],
)
def test_parts_that_cannot_be_told_apart_are_refused_with_what_to_write(union: str, words: str) -> None:
    [found] = text(HEAD.replace("TYPE", union)).diagnostics  # at an operation and at a parameter: one cause
    assert found.code == "ACC141"
    assert "cannot be told apart in JSON" in found.text
    assert words in found.hint


def test_a_model_in_a_union_is_refused_with_what_to_write_in_its_place() -> None:
    for one in text(HEAD.replace("TYPE", "Model | Yes")).diagnostics:
        assert one.hint == 'a dataclass in the place of Model, with a last field kind: Literal["model"] = "model"'


def test_a_field_that_only_one_part_has_is_asked_for_after_it_is_clear_which_part_it_is() -> None:
    body = "    return a.f(x) + x.size\n"
    changed = HEAD.replace("    return a.f(x)\n", body).replace("class No:\n    n: int", "class No:\n    size: int")
    [found] = text(changed.replace("TYPE", "Yes | No")).diagnostics
    assert (found.code, found.text) == ("ACC143", "Yes has no field size")
    assert found.hint == "match x: case No(…), or isinstance"


@pytest.mark.parametrize("test", ["isinstance(x, (One, Two))", "isinstance(x, One | Two)", "not isinstance(x, (Yes,))"])
def test_isinstance_asks_for_several_classes_at_once(test: str) -> None:
    body = f"    if {test}:\n        return a.f(x) + com(com(x.n, to=b), to=a)\n    return a.f(x)\n"
    changed = HEAD.replace("    return a.f(x)\n", body).replace("TYPE", "One | Two | str | None")
    changed = changed.replace("def c(a: A,", "def c(a: A, b: A,").replace("query\n", "com, query\n", 1)
    asked = text(changed)
    assert asked.ok == ("Yes" not in test), [one.text for one in asked.diagnostics]


@pytest.mark.parametrize(
    ("test", "hint"), [("type(x) is One", "isinstance(x, One)"), ("type(x) != Two", "not isinstance(x, Two)")]
)
def test_a_comparison_of_classes_is_refused_once_with_isinstance(test: str, hint: str) -> None:
    body = f"    if {test}:\n        return 1\n    return a.f(x)\n"
    [found] = text(HEAD.replace("    return a.f(x)\n", body).replace("TYPE", "One | Two")).diagnostics
    assert (found.code, found.hint) == ("ACC131", hint)


@pytest.mark.parametrize("below", ["class Other:\n    s: int", "class Other(Bare):\n    s: int"])
def test_what_is_advised_for_dataclasses_is_imported_and_accepted(below: str) -> None:
    """Also where another class derives from one of them and has a field without a default."""
    program = HEAD.replace("TYPE", "Bare | Other").replace("class Other:\n    n: int", below)
    program = program.replace("import dataclass", "import dataclass, field")
    assert below in program
    hint = text(program).diagnostics[0].hint
    lines = program.split("\n")
    for line, name in re.findall(r"(kind: .*?) (?:as the last field of|in) class (\w+)", hint):
        at = next(number for number, one in enumerate(lines) if re.match(rf"class {name}\b", one))
        lines.insert(at + 2, f"    {line}")
    written = "\n".join(lines)
    assert written.count("kind: ") == program.count("kind: ") + 2
    exec(compile(written, "file", "exec", dont_inherit=True), {})
    assert text(written).ok
