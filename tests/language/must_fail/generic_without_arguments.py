"""A generic message says what is in it where it crosses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from accompanist import At, Role, choreography, query


T = TypeVar("T")


@dataclass(frozen=True)
class Box(Generic[T]):
    inside: T


class Desk(Role):
    @query
    def get(self, n: int) -> Box: ...  #! ACC141 Box has type parameters, and they are not given


@choreography
def generic_without_arguments(desk: Desk, n: At[int, "desk"]) -> At[int, "desk"]:
    return desk.get(n).inside
