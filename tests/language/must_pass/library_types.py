"""Library types that have a canonical form: dates, decimals, ids; a Struct of msgspec; None as an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from accompanist import At, Role, choreography, com, transaction


class Invoice(msgspec.Struct, frozen=True):
    id: UUID
    due: date
    total: Decimal
    note: str | None = None


class Books(Role):
    @transaction
    def enter(self, invoice: Invoice) -> None: ...

    @enter.compensation
    def strike(self, invoice: Invoice) -> None: ...


class Desk(Role):
    @transaction
    def remind(self, at: date) -> int: ...

    @remind.compensation
    def forget(self, at: date) -> None: ...


@choreography
def library_types(books: Books, desk: Desk, invoice: At[Invoice, "books"]) -> At[int, "desk"]:
    books.enter(invoice)
    later: date = invoice.due + timedelta(days=14)
    if invoice.total > Decimal("100.00"):
        late = com(later, to=desk)
    else:
        late = com(invoice.due, to=desk)
    return desk.remind(late)


WORKERS: dict[str, Callable[..., Any]] = {"books.enter": lambda invoice: None, "desk.remind": lambda at: at.day}
ARGUMENTS: list[dict[str, Any]] = [
    {"invoice": Invoice(UUID(int=7), date(2026, 1, 2), Decimal(total))} for total in ("5.10", "500.00")
]
