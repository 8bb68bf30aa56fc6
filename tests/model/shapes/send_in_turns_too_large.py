"""A turn computes what cannot be sent, where the pivot waits for it: all is undone. It was parked, too."""

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
def send_in_turns_too_large(shop: Shop, bank: Bank, number: At[int, "shop"]) -> At[int, "bank"]:
    shop.reserve(number)
    each = com(number, to=bank)
    for turn in range(3):
        each = com(number * turn * 10_000_000_000_000_000_000, to=bank)
    return bank.charge(each)
