"""The same in a choreography that calls itself: a call computes behind the message that the call around it sent."""

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
def called(shop: Shop, bank: Bank, number: At[int, "shop"]) -> At[int, "bank"]:
    each = com(100 // number, to=bank)
    if number > 2:
        return each
    return called(shop, bank, number + 1)


@choreography
def send_in_calls_then_raise(shop: Shop, bank: Bank, number: At[int, "shop"]) -> At[int, "bank"]:
    shop.reserve(number)
    each = called(shop, bank, number - 2)
    return bank.charge(each)
