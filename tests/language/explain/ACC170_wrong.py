from accompanist import At, Role, Secret, choreography, com, query


class Shop(Role):
    @query
    def card(self, customer: str) -> Secret[str]: ...


class Bank(Role):
    @query
    def check(self, digits: str) -> bool: ...


@choreography
def pay(shop: Shop, bank: Bank, customer: At[str, "shop"]) -> At[bool, "shop"]:
    card = shop.card(customer)
    return com(bank.check(com(card, to=bank)), to=shop)
