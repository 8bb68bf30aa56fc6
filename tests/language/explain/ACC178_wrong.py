from accompanist import At, Role, choreography


class Desk(Role): ...


@choreography
def told(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    total = 0
    for _one in range(number):
        total = total + desk.event("price", int)
    return total
