from accompanist import At, Role, Secret, choreography, com, pure, query


class Shop(Role):
    @query
    def card(self, customer: str) -> Secret[str]: ...


class Bank(Role):
    @query
    def check(self, digits: str) -> bool: ...


@pure
def foreign(card: Secret[str]) -> bool:
    """Declassifies: its signature takes a secret and gives a plain yes or no."""
    return card[0] == "9"


@choreography
def pay(shop: Shop, bank: Bank, customer: At[str, "shop"]) -> At[bool, "shop"]:
    card = shop.card(customer)
    if foreign(card):
        bank.check(com(customer, to=bank))
    return True
