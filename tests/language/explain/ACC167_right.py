from accompanist import At, Role, choreography, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    more = desk.event("more", int)
    why = desk.event("why", str)
    return desk.ask(number + more + len(why))
