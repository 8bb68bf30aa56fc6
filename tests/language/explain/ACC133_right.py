from accompanist import At, Role, choreography, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    answer = desk.ask(number)
    return 1 if number > 9 or answer > 9 else 0
