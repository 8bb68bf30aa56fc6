from accompanist import At, Role, choreography, transaction


class Stock(Role):
    @transaction  # cannot be undone
    def ship(self, order: str) -> str: ...

    @transaction  # cannot be undone either
    def announce(self, parcel: str) -> None: ...


@choreography
def sell(stock: Stock, order: At[str, "stock"]) -> At[str, "stock"]:
    parcel = stock.ship(order)
    stock.announce(parcel)
    return parcel
