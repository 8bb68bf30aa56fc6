"""Booking a journey: a flight and a room, held beside each other; if the bank declines, both are given back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, attempt, choreography, com, share, transaction
from accompanist.language.direct import Declined


class Agency(Role):
    pass


class Carrier(Role):
    @transaction
    def hold(self, where: str) -> int: ...

    @hold.compensation
    def free(self, where: str) -> None: ...


class Bank(Role):
    @transaction
    def pay(self, cents: int) -> str: ...

    @pay.compensation
    def pay_back(self, cents: int) -> None: ...


@choreography
def travel(agency: Agency, airline: Carrier, hotel: Carrier, bank: Bank, where: At[str, "agency"]) -> At[str, "agency"]:
    known = share(where, to=[airline, hotel])
    flight = com(airline.hold(known), to=agency)
    stay = attempt(hotel.hold(known))
    room = com(stay.value if stay.ok else 0, to=agency)
    receipt = bank.pay(com(flight + room, to=bank))
    return com(receipt, to=agency) + ("" if room else ", no room")


def hotel_hold(where: str) -> int:
    if where == "Pisa":
        raise Declined("full")
    return 300


def pay(cents: int) -> str:
    if cents > 1000:
        raise Declined("too dear")
    return f"paid {cents}"


WORKERS: dict[str, Callable[..., Any]] = {
    "airline.hold": lambda where: len(where) * 100,
    "hotel.hold": hotel_hold,
    "bank.pay": pay,
}
ARGUMENTS: list[dict[str, Any]] = [{"where": "Rome"}, {"where": "Pisa"}, {"where": "Venice Lido"}]
RESULTS: list[Any] = ["paid 700", "paid 400, no room", "undone: too dear"]
