"""A number too large for a float, behind the commit point: nothing says so before it is run."""

from __future__ import annotations

from accompanist import At, Role, choreography, transaction


class Bank(Role):
    @transaction
    def pay(self, amount: int) -> int: ...


@choreography
def large(bank: Bank, amount: At[int, "bank"]) -> At[float, "bank"]:
    bank.pay(amount)
    return amount**60 * 1.5
