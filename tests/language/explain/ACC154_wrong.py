from accompanist import At, Role, choreography, com, transaction


class Stock(Role):
    @transaction  # cannot be undone
    def ship(self, order: str) -> str: ...


@choreography
def sell(near: Stock, far: Stock, order: At[str, "near"]) -> At[str, "near"]:
    if order == "here":
        return near.ship(order)
    return com(far.ship(com(order, to=far)), to=near)
