from accompanist import At, Role, Secret, choreography, com, pure, query


class Shop(Role):
    @query
    def card(self, customer: str) -> Secret[str]: ...


class Bank(Role):
    @query
    def check(self, digits: str) -> bool: ...


@pure
def last_four(card: Secret[str]) -> str:
    """Declassifies: its signature takes a secret and gives a plain text."""
    return card[-4:]


@choreography
def pay(shop: Shop, bank: Bank, customer: At[str, "shop"]) -> At[bool, "shop"]:
    card = shop.card(customer)
    return com(bank.check(com(last_four(card), to=bank)), to=shop)
