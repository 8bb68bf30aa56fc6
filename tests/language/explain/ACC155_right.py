from accompanist import At, Role, choreography, transaction


class Stock(Role):
    @transaction  # cannot be undone
    def ship(self, order: str) -> str: ...


@choreography
def sell(stock: Stock, order: At[str, "stock"]) -> At[str, "stock"]:
    return stock.ship(order)
