from accompanist import At, Role, choreography, query, transaction


class Shop(Role):
    @query
    def ready(self, number: int) -> bool: ...

    @transaction
    def ship(self, number: int) -> int: ...


@choreography
def order(shop: Shop, number: At[int, "shop"]) -> At[int, "shop"]:
    parcel = 0
    while parcel == 0:
        parcel = shop.ship(number)
    return parcel
