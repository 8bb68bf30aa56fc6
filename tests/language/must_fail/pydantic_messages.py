"""A pydantic model is a message; what it runs is pure, shared ones are frozen, and none is told apart from another."""

from __future__ import annotations

import time
from dataclasses import replace

from pydantic import BaseModel, field_validator

from accompanist import At, Role, choreography, query, share
from tests.language.must_fail.shop import Order


class Model(BaseModel):
    x: int

    @field_validator("x")
    @classmethod
    def late(cls, x: int) -> int:
        return x + int(time.time())  #! ACC135 time.time


class Bag(BaseModel):
    things: set[int]  #! ACC141 Bag.things cannot cross


class Desk(Role):
    @query
    def get(self, n: int) -> Model: ...

    @query
    def either(self, n: int) -> Model | Order: ...  #! ACC141 stands alone or beside None

    @query
    def bag(self, n: int) -> Bag: ...


@choreography
def pydantic_messages(desk: Desk, till: Desk, n: At[int, "desk"]) -> At[int, "desk"]:
    made = Model(x=n)
    known = share(made, to=[till])  #! ACC142 Model is not frozen
    other = replace(made, x=2)  #! ACC134 replace
    copied = made.model_copy()  #! ACC134 made.model_copy is a method of Model
    return desk.get(n).y  #! ACC143 Model has no field y
