from accompanist import At, Role, choreography, transaction


class Bank(Role):
    @transaction
    def charge(self, cents: int) -> str: ...

    @charge.compensation
    def refund(self, cents: int) -> None: ...


@choreography
def pay(bank: Bank, cents: At[int, "bank"]) -> At[str, "bank"]:
    return bank.charge(cents)
