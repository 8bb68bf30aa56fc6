from accompanist import At, Role, choreography, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    match number:
        case 1 | 2:
            return desk.ask(1)
        case _:
            return desk.ask(number)
