"""A field that is checked where it is read may refuse what Python put into it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from accompanist import At, Role, attempt, choreography, transaction

FEW = Meta(lt=10)


@dataclass(frozen=True)
class Line:
    cents: Annotated[int, Meta(gt=3)]


@dataclass(frozen=True)
class Row:
    count: Annotated[int, FEW]


class Desk(Role):
    @transaction
    def pay(self, number: int) -> int: ...

    @transaction(retriable=True)
    def tell(self, line: Line, row: Row) -> None: ...


@choreography
def checked_after_pivot(desk: Desk, count: At[int, "desk"]) -> None:
    line = Line(count)
    row = Row(1)
    paid = desk.pay(count)
    made = attempt(Line(paid))
    desk.tell(line, row)
    desk.tell(made.value if made.ok else line, row)
    desk.tell(Line(paid), row)  #! ACC159 Line refuses values that do not fit it
    desk.tell(line, Row(paid))  #! ACC159 Row refuses values that do not fit it
