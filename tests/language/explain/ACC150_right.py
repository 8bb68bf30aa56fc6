from accompanist import At, Role, choreography, com, transaction


class Stock(Role):
    @transaction  # cannot be undone: the pivot
    def ship(self, order: str) -> str: ...


class Bank(Role):
    @transaction
    def charge(self, order: str) -> int: ...

    @charge.compensation
    def refund(self, order: str) -> None: ...


@choreography
def sell(stock: Stock, bank: Bank, order: At[str, "stock"]) -> At[str, "stock"]:
    paid = bank.charge(com(order, to=bank))
    com(paid, to=stock)
    return stock.ship(order)
