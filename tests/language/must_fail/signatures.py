"""The heads of operations and choreographies."""

from __future__ import annotations

from accompanist import At, Role, choreography, query, transaction
from tests.language.must_fail.shop import Bank, Order, Stock


class Desk(Role):
    @query
    def untyped(self, order) -> int: ...  #! ACC160 the parameter order has no type

    @query
    def unanswered(self, order: Order): ...  #! ACC160 the result has no type

    @transaction
    def starred(self, *orders: Order) -> int: ...  #! ACC160 takes more than self and plain parameters

    @transaction
    def defaulted(self, order: Order = Order("", 0)) -> int: ...  #! ACC160 takes more than self


@choreography
def stars(stock: Stock, order: At[Order, "stock"], *rest: int) -> None:  #! ACC160 takes no * and ** parameters
    stock.hold(order)


@choreography
def defaults(desk: Desk, limit: At[int, "desk"] = 5) -> None:  #! ACC160 has no default
    desk.untyped(limit)


@choreography
def roleless(limit: int) -> int:  #! ACC160 roleless has no role #! ACC119 limit is neither a role
    return limit


@choreography
def nobody(stock: Stock, bank: Bank) -> None:  #! ACC163 no parameter besides its roles
    stock.has(Order("a", 1))


@choreography
def everybody(stock: Stock, bank: Bank, a: At[int, "stock"], b: At[int, "bank"]) -> None:  #! ACC163 at more than one
    bank.rate(b)


@choreography()  #! ACC160 choreography takes nothing, and is not called
def called(stock: Stock, order: At[Order, "stock"]) -> None:
    stock.hold(order)


@choreography(deadline_s=600)  #! ACC160 a deadline is none of a choreography, but of each start of it
def hurried(stock: Stock, order: At[Order, "stock"]) -> None:
    stock.hold(order)
