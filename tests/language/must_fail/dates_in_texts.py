"""A date is written by its parts: a format of its own asks the machine."""

from __future__ import annotations

from datetime import date, datetime

from accompanist import At, choreography
from tests.language.must_fail.shop import Order, Stock


@choreography
def dates_in_texts(stock: Stock, order: At[Order, "stock"], day: At[date | None, "stock"], now: At[datetime, "stock"]) -> At[str, "stock"]:
    first = f"{now:%d.%m.%Y}"  #! ACC135 how now is written by a format depends on the machine
    second = f"at {now:%A}: {first}"  #! ACC135 how now is written by a format depends on the machine
    third = [f"{now.date():{second}}"]  #! ACC135 how now.date() is written by a format depends on the machine
    if day is None:
        return f"{now!s:>30}{now}{third}"
    return f"{day:>30}"  #! ACC135 how day is written by a format depends on the machine
