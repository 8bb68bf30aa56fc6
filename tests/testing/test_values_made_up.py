"""Values are generated for every type that a message may have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest

from accompanist.language.values import codec
from accompanist.simulation.search.values import Maker
from accompanist.testing import Saga


@dataclass(frozen=True)
class Listed:
    inside: list[Listed]
    beside: Listed | None = None


@dataclass(frozen=True)
class Leaf:
    kind: Literal["leaf"] = "leaf"


@dataclass(frozen=True)
class Node:
    left: Node | Leaf
    right: Node | Leaf
    kind: Literal["node"] = "node"


class Row(msgspec.Struct, frozen=True, array_like=True):
    name: str
    count: int = 3


class Told(msgspec.Struct, frozen=True, array_like=True, tag=True):
    row: Row


@pytest.mark.parametrize("type", [Listed, Node, Node | Leaf, Row, Told, list[Told]])
def test_a_value_is_made_up_that_can_be_read(type: Any) -> None:
    made = Maker([1, "a"]).make(type)
    assert made
    for value in made:
        codec.decode_exactly(codec.encode(value), type)


PROGRAM = """\
from dataclasses import dataclass
from typing import Annotated
from msgspec import Meta
from accompanist import At, Role, attempt, choreography, com, query, transaction

@dataclass(frozen=True)
class Line:
    cents: Annotated[int, Meta(gt=3)]

class Desk(Role):
    @transaction
    def pay(self, cents: int) -> int: ...

class Clerk(Role):
    @transaction(retriable=True)
    def tell(self, line: Line) -> None: ...

@choreography
def lines(desk: Desk, clerk: Clerk, cents: At[int, "desk"]) -> At[str, "desk"]:
    other = Line(cents)
    paid = desk.pay(cents)
    made = attempt(Line(paid))
    clerk.tell(com(made.value if made.ok else other, to=clerk))
    return made.reason
"""


@pytest.mark.parametrize(("paid", "reason"), [(7, ""), (1, "EncodeError")])
def test_a_field_that_is_checked_is_checked_in_the_attempt(tmp_path: Path, paid: int, reason: str) -> None:
    file = tmp_path / "lines.py"
    file.write_text(PROGRAM)
    saga = Saga(str(file), workers={"desk.pay": lambda cents: paid}, arguments={"cents": 4}).run()
    assert (saga.outcome, saga.result) == ("settled", reason)
