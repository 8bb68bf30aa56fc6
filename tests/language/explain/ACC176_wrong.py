from accompanist import At, Role, choreography, query, share


class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...


class Till(Role):
    @query
    def pay(self, number: int) -> int: ...


@choreography
def look_up(desk: Desk, till: Till, numbers: At[tuple[int, ...], "desk"]) -> At[int, "desk", "till"]:
    pairs = enumerate(share(numbers, to=[till]))
    desk.ask(len(list(pairs)))
    till.pay(len(list(pairs)))
    return len(list(pairs))
