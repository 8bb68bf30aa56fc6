"""pydantic models validate at a worker's edge; between roles go dataclasses."""

from __future__ import annotations

from pydantic import BaseModel

from accompanist import At, Role, choreography, query


class Model(BaseModel):
    x: int


class Desk(Role):
    @query
    def get(self, n: int) -> Model: ...  #! ACC141 Model is a pydantic model


@choreography
def pydantic_messages(desk: Desk, n: At[int, "desk"]) -> At[int, "desk"]:
    return desk.get(n).x
