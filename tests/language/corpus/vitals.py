"""Vital signs from a device to a store: each reading is signed; the first bad signature ends the stream."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accompanist import At, Role, choreography, com, pure, query, transaction


@dataclass(frozen=True)
class Reading:
    patient: str
    pulse: int
    signature: int


class Device(Role):
    @query
    def read(self, number: int) -> Reading: ...


class Gatherer(Role):
    pass


class Store(Role):
    @transaction
    def keep(self, patient: str, pulse: int) -> int: ...

    @keep.compensation
    def forget(self, patient: str, pulse: int) -> None: ...


@pure
def signed(reading: Reading) -> bool:
    return reading.signature == reading.pulse + len(reading.patient)


@choreography
def vitals(device: Device, gatherer: Gatherer, store: Store, count: At[int, "device"]) -> At[int, "gatherer"]:
    kept = 0
    for number in range(count):
        reading = com(device.read(number), to=gatherer)
        if not signed(reading):
            break
        store.keep(com("anonymous", to=store), com(reading.pulse, to=store))
        kept = kept + 1
    return kept


WORKERS: dict[str, Callable[..., Any]] = {
    "device.read": lambda number: Reading("ann", 60 + number, 63 + number if number < 3 else 0),
    "store.keep": lambda patient, pulse: pulse,
}
ARGUMENTS: list[dict[str, Any]] = [{"count": 0}, {"count": 2}, {"count": 5}]
RESULTS: list[Any] = [0, 2, 3]
