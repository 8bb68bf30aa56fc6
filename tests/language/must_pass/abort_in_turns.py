"""Two procedures that call each other with their roles swapped, and either may abort."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, query, transaction


class Trader(Role):
    @query
    def answer(self, price: int) -> int: ...
    @transaction
    def sign(self, price: int) -> int: ...
    @sign.compensation
    def tear_up(self, price: int) -> None: ...


@choreography
def haggled(
    speaker: Trader, listener: Trader, price: At[int, "speaker"], turns: At[int, "speaker"]
) -> At[int, "speaker"]:
    heard = com((price, turns), to=listener)
    asked = listener.answer(heard[0])
    if asked == heard[0]:
        return com(asked, to=speaker)
    if heard[1] == 0:
        listener.abort("no agreement")
    return com(haggled(listener, speaker, (heard[0] + asked) // 2, heard[1] - 1), to=speaker)


@choreography
def sold(buyer: Trader, seller: Trader, price: At[int, "buyer"], turns: At[int, "buyer"]) -> At[int, "buyer"]:
    agreed = haggled(buyer, seller, price, turns)
    buyer.sign(agreed)
    return com(seller.sign(com(agreed, to=seller)), to=buyer)


WORKERS = {
    "buyer.answer": lambda price: price,
    "seller.answer": lambda price: max(price, 8),
    "buyer.sign": lambda price: price,
    "seller.sign": lambda price: price + 1,
}
ARGUMENTS = [{"price": 9, "turns": 0}, {"price": 3, "turns": 3}, {"price": 3, "turns": 0}]
