"""A refusal does not show the value that it refuses: in errors of types, and in exceptions that end a process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import pydantic
import pytest

from accompanist.errors import PeerError
from accompanist.language.values import codec
from accompanist.sidecar.api import operators as operating
from accompanist.sidecar.api import public as api

CANARY = "canary-5f3a9c1d"


@dataclass(frozen=True)
class Checked:
    """Says in its own words what it refuses, as people write it."""

    secret: str

    def __post_init__(self) -> None:
        raise ValueError(f"cannot take {self.secret}")


@dataclass(frozen=True)
class Around:
    inner: Checked


@dataclass(frozen=True)
class Chosen:
    secret: Literal["a", "b"]


@pytest.mark.parametrize(
    ("data", "type"),
    [
        ({"secret": CANARY}, Checked),
        ({"inner": {"secret": CANARY}}, Around),
        ({"secret": CANARY}, Chosen),
        ({CANARY: 1}, Chosen),
        ({CANARY: 1}, dict[str, str]),
        (CANARY, int),
        ([CANARY], list[int]),
    ],
)
def test_a_value_that_does_not_fit_is_not_shown(data: Any, type: Any) -> None:
    with pytest.raises(codec.DecodeError) as refused:
        codec.decode(msgspec.json.encode(data), type)
    assert CANARY not in str(refused.value)


def test_where_it_is_and_what_raised_are_said() -> None:
    with pytest.raises(codec.DecodeError, match=r"its own check raised ValueError - at `\$\.inner`"):
        codec.decode(msgspec.json.encode({"inner": {"secret": CANARY}}), Around)


class Line(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    amount: int = pydantic.Field(alias="sum")


class Basket(pydantic.BaseModel):
    lines: dict[str, Line]
    more: list[Line] = []


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"lines": {CANARY: {"sum": "x"}}}, "lines.*.sum (int_parsing)"),
        ({"lines": {CANARY: 1}}, "lines.* (model_type)"),
        ({"lines": {}, "more": [{"sum": 1, CANARY: 1}]}, "more.0.* (extra_forbidden)"),
        ({"lines": {}, "more": [{"sum": CANARY}]}, "more.0.sum (int_parsing)"),
    ],
)
def test_a_key_that_came_with_a_value_is_not_shown(data: Any, place: str) -> None:
    """pydantic says where by the keys of dictionaries, and by fields that nobody declared."""
    with pytest.raises(codec.DecodeError) as refused:
        codec.decode(msgspec.json.encode(data), Basket)
    assert CANARY not in str(refused.value)
    assert place in str(refused.value)


@pytest.mark.parametrize(
    ("params", "type"),
    [
        ({"session": "0190d3a0-0000-7000-8000-0000000000aa", "role": "a", "verb": CANARY, "who": "w", "why": "y"},
         operating.Operate),
        ({"session": CANARY}, api.Get),
        ({CANARY: 1}, api.Cancel),
    ],
)  # fmt: skip
def test_wrong_parameters_of_the_api_are_not_shown(params: Any, type: Any) -> None:
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in params.items()}
    with pytest.raises(PeerError) as refused:
        api.read(raw, type)
    if CANARY not in params:  # a name that nobody knows is named: it is no value
        assert CANARY not in str(refused.value)


def test_an_exception_that_ends_a_process_says_where_and_not_what() -> None:
    program = f"""
import os
from accompanist.telemetry import logs
logs.set_up("payment", os.environ)
raise RuntimeError({CANARY!r})
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=os.environ, check=False)
    assert ended.returncode == 1
    assert CANARY not in ended.stdout + ended.stderr
    assert "process.crashed" in ended.stderr and "RuntimeError" in ended.stderr
