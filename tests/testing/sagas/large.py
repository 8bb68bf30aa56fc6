"""A text too long for any machine, behind the commit point: nothing says so before it is run."""

from __future__ import annotations

from accompanist import At, Role, choreography, transaction


class Bank(Role):
    @transaction
    def pay(self, amount: int) -> int: ...


@choreography
def large(bank: Bank, amount: At[int, "bank"]) -> At[str, "bank"]:
    bank.pay(amount)
    return "x" * (amount * amount)
