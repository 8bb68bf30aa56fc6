from accompanist import At, Role, choreography, query


LIMITS = [1, 2, 3]


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return desk.ask(number + LIMITS[0])
