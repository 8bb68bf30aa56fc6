"""The number of turns is shared once, so no turn costs a selection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com, share
from tests.language.must_pass.shop import Bank, Grade, Held, Paid, Stock


@choreography
def for_shared_length(stock: Stock, bank: Bank, cents: At[list[int], "stock"]) -> At[list[int], "bank"]:
    count = share(len(cents), to=[bank])
    paid: list[int] = com([0], to=bank)
    for i in range(count):
        amount = com(cents[i], to=bank)
        charged = bank.charge(Held(f"h{i}", amount), Grade.PLAIN)
        paid = paid + [charged.cents]
    return paid


WORKERS: dict[str, Callable[..., Any]] = {
    "bank.charge": lambda held, grade: Paid(held.number, held.cents),
}
ARGUMENTS: list[dict[str, Any]] = [{"cents": []}, {"cents": [7]}, {"cents": [3, 1, 2]}]
