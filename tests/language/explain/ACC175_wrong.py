from accompanist import At, Role, choreography, com, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    here = com(number, to=desk)
    return desk.ask(here)
