"""What the services say to one another. Messages are frozen: a value is the same wherever it is read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    customer: str
    amount: int


@dataclass(frozen=True)
class Booking:
    """What one service has set aside."""

    service: str
    amount: int


@dataclass(frozen=True)
class Confirmation:
    customer: str
    bookings: int
