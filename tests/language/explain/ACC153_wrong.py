from accompanist import At, Role, choreography, transaction


class Stock(Role):
    @transaction(retriable=True)
    def announce(self, order: str) -> None: ...

    @transaction
    def ship(self, order: str) -> str: ...


@choreography
def sell(stock: Stock, order: At[str, "stock"]) -> At[str, "stock"]:
    stock.announce(order)
    return stock.ship(order)
