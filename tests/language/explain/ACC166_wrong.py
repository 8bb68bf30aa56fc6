from accompanist import At, Role, choreography, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    more = desk.timeout(desk.ask(number), 60)
    return desk.ask(more.value if more.ok else number)
