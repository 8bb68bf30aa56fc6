from accompanist import At, Role, choreography, com, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, other: Desk, number: At[int, "desk"], more: At[int, "other"]) -> At[int, "desk"]:
    return com(other.ask(com(number, to=other) + more), to=desk)
