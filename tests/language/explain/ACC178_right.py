from accompanist import At, Role, choreography, query


class Desk(Role):
    @query
    def price(self, number: int) -> int: ...


@choreography
def told(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    total = 0
    for one in range(number):
        total = total + desk.price(one)
    return total
