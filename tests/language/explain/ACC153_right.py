from accompanist import At, Role, choreography, transaction


class Stock(Role):
    @transaction
    def hold(self, order: str) -> str: ...

    @hold.compensation
    def free(self, order: str) -> None: ...

    @transaction(retriable=True)
    def announce(self, order: str) -> None: ...


@choreography
def sell(stock: Stock, order: At[str, "stock"]) -> At[str, "stock"]:
    held = stock.hold(order)
    stock.commit()
    stock.announce(order)
    return held
