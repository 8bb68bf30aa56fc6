"""What the services of an order say to one another. Money is in cents, so that no float is ever rounded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Tier(Enum):
    """A customer's standing with the loyalty service; it lowers the price of a large order."""

    NONE = "none"
    SILVER = "silver"
    GOLD = "gold"


@dataclass(frozen=True)
class Line:
    product: str
    quantity: int


@dataclass(frozen=True)
class Order:
    customer: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Reservation:
    """Stock set aside for a customer."""

    number: str
    customer: str
    total_cents: int


@dataclass(frozen=True)
class Receipt:
    """What was really taken from the account, after the tier's discount."""

    number: str
    customer: str
    paid_cents: int


@dataclass(frozen=True)
class Points:
    customer: str
    awarded: int


@dataclass(frozen=True)
class Parcel:
    tracking: str
    reservation: str
    points: int


@dataclass(frozen=True)
class Approval:
    """What a person decided about an order."""

    by: str
    granted: bool
