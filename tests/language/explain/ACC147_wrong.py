from accompanist import At, Role, choreography, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def first(desk: Desk, numbers: At[list[int], "desk"]) -> At[int, "desk"]:
    for number in numbers:
        if desk.ask(number) > 9:
            return number
    return 0


@choreography
def ask(desk: Desk, numbers: At[list[int], "desk"]) -> At[int, "desk"]:
    return first(desk, numbers)
