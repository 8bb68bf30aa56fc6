"""Constants: dates, Decimals, frozen sets, dicts and messages, of this module and of others, and of Python's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from typing import Any, Final, NewType

from accompanist import At, Role, choreography, com, pure, query
from tests.language.must_pass import shop
from tests.language.must_pass.shop import FREE, LEVELS

Cents = NewType("Cents", int)


class Kind(Enum):
    HOME = "home"
    AWAY = "away"


@dataclass(frozen=True)
class Fare:
    kind: Kind
    price: Decimal
    from_day: date = date(2026, 1, 1)

    @property
    def whole(self) -> int:
        return int(self.price)

    @pure
    def times(self, count: int) -> Decimal:
        return self.price * count


LIMIT = Decimal("10.00")
CENT: Final = Decimal("0.01")
NIGHT = timedelta(hours=12)
FIRST = date(2026, 3, 1)
OPENS = datetime(2026, 3, 1, 8, tzinfo=UTC)
KINDS = frozenset({Kind.HOME, Kind.AWAY})
WEEKEND = (5, 6)
RATES = {"home": 1, "away": 3, "far": -2 * 3}
DEFAULT = Fare(Kind.HOME, LIMIT, from_day=FIRST)
TURN = 2 * math.pi
BASE = Cents(100)


@pure
def above(fare: Fare) -> bool:
    return fare.price > LIMIT and fare.kind in KINDS and fare != DEFAULT


class Desk(Role):
    @query
    def book(self, fare: Fare, due: datetime, count: int) -> int: ...


class Clock(Role):
    @query
    def past(self, at: datetime, days: int, angle: float, price: Decimal) -> str: ...


@choreography
def constants(desk: Desk, clock: Clock, fare: At[Fare, "desk"], at: At[datetime, "desk"]) -> At[str, "clock"]:
    late = at + NIGHT
    count = RATES.get(fare.kind.value, 0) + RATES["away"]
    if above(fare) or fare.kind not in KINDS:
        number = desk.book(fare, late, count + len(RATES))
    elif at.date() < FIRST or at < OPENS:
        number = desk.book(DEFAULT, at, BASE + fare.whole)
    else:
        number = desk.book(DEFAULT, OPENS, LEVELS[1] + shop.FREE.cents + FREE.cents)
    price = (fare.times(3) / 7).quantize(CENT, rounding=ROUND_HALF_UP)
    days = (at - OPENS).days + at.weekday() + (1 if at.weekday() in WEEKEND else 0)
    return clock.past(
        com(late, to=clock), com(days + number, to=clock), com(TURN * number, to=clock), com(price, to=clock)
    )


WORKERS: dict[str, Callable[..., Any]] = {
    "desk.book": lambda fare, due, count: count + fare.whole + due.day,
    "clock.past": lambda at, days, angle, price: f"{at.isoformat()} {days} {angle:.3f} {price}",
}
ARGUMENTS: list[dict[str, Any]] = [
    {"fare": Fare(Kind.AWAY, Decimal("12.5")), "at": OPENS + timedelta(days=9)},
    {"fare": Fare(Kind.HOME, Decimal("2.5")), "at": OPENS - timedelta(days=9)},
    {"fare": Fare(Kind.HOME, Decimal("3.333"), FIRST), "at": OPENS + timedelta(days=1)},
]
