from accompanist import At, Role, choreography, com, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, other: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    squared = number**number
    return com(other.ask(com(squared, to=other)), to=desk)
