"""A query that is attempted and declines: the value says so, and what is done hangs on it."""

from accompanist import At, Role, attempt, choreography, query, transaction


class Shop(Role):
    @query
    def price(self, n: int) -> int: ...
    @transaction
    def ship(self, n: int) -> int: ...


@choreography
def sale(a: Shop, n: At[int, "a"]) -> At[int, "a"]:
    price = attempt(a.price(n))
    if price.ok:
        return a.ship(price.value)
    return n
