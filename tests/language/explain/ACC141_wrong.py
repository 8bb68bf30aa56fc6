from accompanist import At, Role, choreography, query


class Box:
    def __init__(self, number: int) -> None:
        self.number = number


class Desk(Role):
    @query
    def weigh(self, box: Box) -> int: ...


@choreography
def weigh(desk: Desk, box: At[Box, "desk"]) -> At[int, "desk"]:
    return desk.weigh(box)
