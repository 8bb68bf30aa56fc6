from accompanist import At, Role, choreography, com, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, other: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    found = desk.ask(number)
    com(desk.now(), to=other)
    return com(other.ask(com(found, to=other)), to=desk)
