"""What crosses has a canonical form."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, query
from tests.language.must_fail.shop import Bank, Draft, Held, Order, Stock


class Plain:
    pass


class Desk(Role):
    @query
    def tags(self, draft: Draft) -> int: ...  #! ACC141 the field Draft.tags cannot cross: set[str] is a set

    @query
    def plain(self, plain: Plain) -> int: ...  #! ACC141 Plain is not a message type

    @query
    def either(self, one: Order | Held) -> int: ...  #! ACC141 Order and Held cannot be told apart in JSON

    @query
    def anything(self, one: object) -> int: ...  #! ACC141 object is not a message type


@choreography
def not_messages(
    stock: Stock,
    bank: Bank,
    desk: Desk,
    order: At[Order, "stock"],
    names: At[frozenset[str], "stock"],  #! ACC141 is a set, and a set has no order
) -> At[int, "bank"]:
    made = Plain()  #! ACC141 Plain is not a message type
    ranged = com(range(3), to=bank)  #! ACC141 iterator[int] is not a message type
    either = order if order.cents else stock.hold(order)  #! ACC133 inside a conditional expression
    held = stock.hold(order)
    com(order if held.cents else held, to=desk)
    return bank.rate(com(len([made, either, names]), to=bank))
