"""Booking a journey: a flight and a room, held beside each other; if the bank declines, both are given back.

The classical saga. The airline and the hotel are asked at the same time. That the hotel is full is no failure here:
its call is attempted, so a refusal is a value, the price of the room is nothing, and the journey goes on without one.
The bank's refusal is not attempted: it ends the saga, and the compensations run, at the airline and, if there is a
room, at the hotel, each with the arguments of the call that it undoes. Nobody wrote what is undone on which path: the
fence at each worker knows what was done. There is nothing here that cannot be undone, so the agency settles the saga
when all have voted.

Source: Garcia-Molina, Salem, Sagas (1987); the travel booking of the paper on Accompanist (arXiv 2603.20942).
"""

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
