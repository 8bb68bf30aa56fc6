from accompanist import At, Role, choreography, com, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def ask_all(lead: Desk, one: Desk, two: Desk, number: At[int, "lead"]) -> At[int, "lead"]:
    total = 0
    for desk in (one, two):
        answer = com(desk.ask(com(number, to=desk)), to=lead)
        if answer > 9:
            break
        total = total + answer
    return total
