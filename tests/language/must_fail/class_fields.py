"""Classes that Python would refuse when it imports the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import msgspec

from accompanist import At, Role, choreography, query


@dataclass(frozen=True)
class Tagged:
    kind: Literal["tagged"] = "tagged"
    cents: int  #! ACC168 cents of Tagged has no default and stands behind kind, which has one


@dataclass(frozen=True)
class Named:
    name: str = ""


@dataclass(frozen=True)
class Below(Named):
    cents: int  #! ACC168 cents of Below has no default and stands behind name, which has one


class Row(msgspec.Struct, frozen=True):
    name: str = ""
    cents: int  #! ACC168 cents of Row has no default and stands behind name, which has one


@dataclass(frozen=True)
class Listed:
    names: list[str] = []  # noqa: RUF008  #! ACC168 the default of names is one value that can be changed in place


class Given(msgspec.Struct, frozen=True):
    none: list[str] = []
    names: list[str] = ["a"]  #! ACC168 the default of names is one value that can be changed in place


@dataclass
class Loose:
    cents: int = 0


@dataclass(frozen=True)
class Held:
    loose: Loose = Loose()  # noqa: RUF009  #! ACC168 the default of loose is one value that can be changed in place


@dataclass(frozen=True)
class Firm(Loose):  #! ACC168 Firm is frozen and derives from Loose, which is not
    name: str = ""


@dataclass(frozen=True)
class Twice:
    cents: int = field(default=1, default_factory=int)  #! ACC168 cents has two defaults


@dataclass(frozen=True)
class Untyped:
    cents = field(default=1)  #! ACC168 cents is a field of Untyped without a type


@dataclass(frozen=True)
class Fine(Named):
    LARGE: ClassVar[list[int]] = []
    made: int = field(default=1, init=False)
    cents: int = field(kw_only=True)
    given: Named = Named()
    names: list[str] = field(default_factory=list)


class Desk(Role):
    @query
    def ask(self, a: Tagged, b: Below, c: Row, d: Listed, e: Given, f: Held, g: Firm, h: Twice) -> Fine: ...
    @query
    def untyped(self, one: Untyped) -> int: ...


@choreography
def class_fields(desk: Desk, one: At[Untyped, "desk"]) -> At[int, "desk"]:
    return desk.untyped(one)
