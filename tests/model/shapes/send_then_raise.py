"""What a role computes behind a message that it sent, where the pivot waits for a later one: it raises, and all is
undone. It was parked, as if the pivot might have been waiting for nothing else."""

from accompanist import At, Role, choreography, com, transaction


class Shop(Role):
    @transaction
    def reserve(self, number: int) -> int: ...
    @reserve.compensation
    def release(self, number: int) -> None: ...


class Bank(Role):
    @transaction
    def charge(self, number: int) -> int: ...


@choreography
def send_then_raise(shop: Shop, bank: Bank, number: At[int, "shop"]) -> At[int, "bank"]:
    held = shop.reserve(number)
    com(shop.now(), to=bank)
    each = com(100 // number, to=bank)
    com(held, to=bank)
    return bank.charge(each)
