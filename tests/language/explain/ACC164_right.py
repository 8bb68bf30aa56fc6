from accompanist import At, Role, choreography, transaction


class Bank(Role):
    @transaction
    def charge(self, cents: int) -> str: ...

    @charge.compensation
    def refund(self, cents: int) -> None: ...


@choreography
def pay(bank: Bank, cents: At[int, "bank"]) -> At[str, "bank"]:
    receipt = bank.charge(cents)
    if cents > 100:
        bank.abort("too much")
    return receipt
