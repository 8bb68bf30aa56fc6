from accompanist import At, Role, choreography, pure, query


@pure
def more(number: int) -> int:
    return number + 1


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return desk.ask(more(number))
