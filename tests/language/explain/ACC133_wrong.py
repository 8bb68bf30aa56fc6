from accompanist import At, Role, choreography, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    known = number > 9 or desk.ask(number) > 9
    return 1 if known else 0
