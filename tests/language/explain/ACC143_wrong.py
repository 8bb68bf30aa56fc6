from dataclasses import dataclass

from accompanist import At, Role, choreography, query


@dataclass(frozen=True)
class Box:
    grams: int


class Desk(Role):
    @query
    def price(self, grams: int) -> int: ...


@choreography
def price(desk: Desk, box: At[Box, "desk"]) -> At[int, "desk"]:
    return desk.price(box.weight)
