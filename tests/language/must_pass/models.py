"""Messages that are pydantic models and msgspec structs, with dataclasses inside; their receiver validates them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator

from accompanist import At, Role, choreography, com, query, share


@dataclass(frozen=True)
class Place:
    street: str
    floor: int = 0


class Parcel(BaseModel):
    model_config = ConfigDict(frozen=True)

    number: str
    grams: Annotated[int, Field(gt=0)]
    to: Place
    note: str | None = None

    @field_validator("number")
    @classmethod
    def tidy(cls, number: str) -> str:
        return number.strip().upper()


class Heavy(Parcel):
    lift: bool = True


class Quote(msgspec.Struct, frozen=True):
    cents: int
    parcel: str


class Sender(Role):
    @query
    def note(self, parcel: Parcel) -> str: ...


class Carrier(Role):
    @query
    def quote(self, parcel: Parcel) -> Quote: ...

    @query
    def fetch(self, parcel: Heavy | None) -> bool: ...


@choreography
def models(sender: Sender, carrier: Carrier, parcel: At[Parcel, "sender"]) -> At[int, "sender"]:
    known = share(parcel, to=[carrier])
    quote = carrier.quote(known)
    if known.grams > 10_000:
        heavy = Heavy(number=known.number, grams=known.grams, to=known.to)
        carrier.fetch(heavy)
    else:
        carrier.fetch(None)
    told = com(quote, to=sender)
    return told.cents + len(sender.note(parcel)) + len(told.parcel)


WORKERS: dict[str, Callable[..., Any]] = {
    "sender.note": lambda parcel: parcel.note or "",
    "carrier.quote": lambda parcel: Quote(parcel.grams * 2, parcel.number),
    "carrier.fetch": lambda parcel: parcel is not None and parcel.lift,
}
ARGUMENTS: list[dict[str, Any]] = [
    {"parcel": Parcel(number=" a1 ", grams=200, to=Place("Mill Lane", 2), note="glass")},
    {"parcel": Parcel(number="b2", grams=20_000, to=Place("Mill Lane"))},
]
