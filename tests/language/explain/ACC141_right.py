from dataclasses import dataclass

from accompanist import At, Role, choreography, query


@dataclass(frozen=True)
class Box:
    number: int


class Desk(Role):
    @query
    def weigh(self, box: Box) -> int: ...


@choreography
def weigh(desk: Desk, box: At[Box, "desk"]) -> At[int, "desk"]:
    return desk.weigh(box)
