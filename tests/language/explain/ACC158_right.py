from accompanist import At, Role, choreography, query, transaction


class Shop(Role):
    @query
    def ready(self, number: int) -> bool: ...

    @transaction
    def ship(self, number: int) -> int: ...


@choreography
def order(shop: Shop, number: At[int, "shop"]) -> At[int, "shop"]:
    parcel = 0
    while not shop.ready(number):
        parcel = parcel + 1
    return shop.ship(number + parcel)
