"""What a turn computes behind the message that an earlier turn sent, where the pivot waits for the message of the last
one: it raises, and all is undone. It was parked, as if the message before it might have been the last."""

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
def send_in_turns_then_raise(shop: Shop, bank: Bank, number: At[int, "shop"]) -> At[int, "bank"]:
    shop.reserve(number)
    each = com(number, to=bank)
    for turn in range(2):
        each = com(100 // (number - turn), to=bank)
    return bank.charge(each)
