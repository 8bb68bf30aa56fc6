from accompanist import At, Role, attempt, choreography, transaction


class Desk(Role):
    @transaction
    def pay(self, cents: int) -> int: ...

    @pay.compensation
    def refund(self, cents: int) -> None: ...


@choreography
def buy(desk: Desk, cents: At[int, "desk"]) -> At[int, "desk"]:
    paid = attempt(desk.pay(cents))
    if paid:
        return paid.value
    return 0
