from dataclasses import dataclass

from accompanist import At, Role, choreography, query


@dataclass(frozen=True)
class Order:
    product: str
    cents: int
    product: int


class Stock(Role):
    @query
    def price(self, order: Order) -> int: ...


@choreography
def ask(stock: Stock, order: At[Order, "stock"]) -> At[int, "stock"]:
    return stock.price(order)
