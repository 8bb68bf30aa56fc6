"""Behind the commit point a @pure function may not take out of its own list what need not be there."""

from __future__ import annotations

from accompanist import At, Role, choreography, pure, transaction


@pure
def last(lines: list[int]) -> int:
    own = list(lines)
    return own.pop()


@pure
def last_if_any(lines: list[int]) -> int:
    own = list(lines)
    if own:
        return own.pop()
    return 0


@pure
def emptied(lines: list[int]) -> int:
    own = list(lines)
    if own:
        own.clear()
        return own[0]
    return 0


class Bank(Role):
    @transaction
    def pay(self, amount: int) -> list[int]: ...

    @transaction(retriable=True)
    def book(self, amount: int) -> None: ...


@choreography
def pure_after_pivot(bank: Bank, amount: At[int, "bank"]) -> None:
    lines = bank.pay(amount)
    bank.book(last(lines))  #! ACC159 last may raise: own may have no such item, in line 11
    bank.book(last_if_any(lines))
    bank.book(emptied(lines))  #! ACC159 emptied may raise: own may have no such item, in line 27
