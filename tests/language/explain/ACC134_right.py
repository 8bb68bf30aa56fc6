from accompanist import At, Role, choreography, pure, query


@pure
def mirrored(number: int) -> int:
    return number.conjugate()


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return desk.ask(mirrored(number.bit_length()))
