"""What a role computes behind a message that it took, and answers only in some turns: where it answers, the pivot waits
for that. It raises, and all is undone; it was parked, since the last turn gives no answer."""

from accompanist import At, Role, choreography, com, share, transaction


class Shop(Role):
    @transaction
    def reserve(self, number: int) -> int: ...
    @reserve.compensation
    def release(self, number: int) -> None: ...
    @transaction
    def ship(self, number: int) -> int: ...


class Post(Role): ...


@choreography
def answer_in_turns_then_raise(shop: Shop, post: Post, number: At[int, "shop"]) -> At[int, "shop"]:
    shop.reserve(number)
    left = share(number, to=[post])
    part = number
    while left > 0:
        weight = com(part, to=post)
        if left > 1:
            part = com(100 // (weight - 2), to=shop)
        left = left - 1
    return shop.ship(part)
