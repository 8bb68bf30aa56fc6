from accompanist import At, Role, choreography, com, transaction


class Bank(Role):
    @transaction
    def pay(self, amount: int) -> list[int]: ...


class Store(Role):
    @transaction(retriable=True)
    def ship(self, item: int) -> int: ...


@choreography
def bought(bank: Bank, store: Store, amount: At[int, "bank"]) -> At[int, "store"]:
    lines = bank.pay(amount)
    first = lines[0] if lines else 0
    return store.ship(com(first, to=store))
