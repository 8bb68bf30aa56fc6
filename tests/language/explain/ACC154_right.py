from accompanist import At, Role, choreography, com, share, transaction


class Stock(Role):
    @transaction  # cannot be undone
    def ship(self, order: str) -> str: ...


@choreography
def sell(near: Stock, far: Stock, order: At[str, "near"]) -> At[str, "near"]:
    known = share(order, to=[far])
    return com(far.ship(known), to=near)
