from accompanist import At, Role, choreography, query


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


@choreography
async def look_up(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return await desk.ask(number)
