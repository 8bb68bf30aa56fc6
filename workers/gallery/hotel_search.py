"""Searching rooms at several hotels: each answers with its offers, and the best one is reserved.

The portal asks the hotels one after another, in a loop over roles that is written out for each of them. It gathers
the offers in a tuple, a @pure function picks the cheapest, and the choice is shared with both hotels. That is a
branch by which of them was chosen, and since all three know the choice, nobody is told anything: the hotel that was
not chosen sees so itself, and does nothing. If there is no room in the city, nobody reserves. A reservation can be
cancelled, so the whole search may be a part of a larger saga that fails later.

Source: the hotel search of DeathStarBench (Gan et al., ASPLOS 2019), and of the paper on Accompanist (arXiv
2603.20942).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accompanist import At, Role, choreography, com, pure, query, share, transaction


@dataclass(frozen=True)
class Room:
    hotel: str
    cents: int


class Portal(Role):
    pass


class Hotel(Role):
    @query
    def offers(self, city: str) -> tuple[Room, ...]: ...

    @transaction
    def reserve(self, room: Room) -> str: ...

    @reserve.compensation
    def cancel(self, room: Room) -> None: ...


@pure
def best(rooms: tuple[Room, ...]) -> Room:
    return min(rooms, key=lambda room: room.cents, default=Room("", 0))


@choreography
def hotel_search(portal: Portal, north: Hotel, south: Hotel, city: At[str, "portal"]) -> At[str, "portal"]:
    found: tuple[Room, ...] = ()
    for hotel in (north, south):
        found = (*found, *com(hotel.offers(com(city, to=hotel)), to=portal))
    chosen = share(best(found), to=[north, south])
    match chosen.hotel:
        case "north":
            number = com(north.reserve(chosen), to=portal)
        case "south":
            number = com(south.reserve(chosen), to=portal)
        case _:
            number = "no room"
    return number


WORKERS: dict[str, Callable[..., Any]] = {
    "north.offers": lambda city: (Room("north", 90),) if city != "Ghent" else (),
    "south.offers": lambda city: (Room("south", 120), Room("south", 70)) if city == "Rome" else (),
    "north.reserve": lambda room: f"n{room.cents}",
    "south.reserve": lambda room: f"s{room.cents}",
}
ARGUMENTS: list[dict[str, Any]] = [{"city": "Rome"}, {"city": "Oslo"}, {"city": "Ghent"}]
RESULTS: list[Any] = ["s70", "n90", "no room"]
