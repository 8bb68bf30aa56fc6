from accompanist import At, Role, attempt, choreography, transaction


class Stock(Role):
    @transaction  # cannot be undone
    def ship(self, order: str) -> str: ...


@choreography
def sell(stock: Stock, order: At[str, "stock"]) -> At[str, "stock"]:
    parcel = attempt(stock.ship(order))
    return parcel.value if parcel.ok else "none"
