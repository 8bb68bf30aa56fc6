"""Vital signs from a device to a store: each reading is signed; the first bad signature ends the stream.

Three roles and a stream in which either end has a say. The device decides how many readings there are, the gatherer
looks at each signature and breaks off at the first one that does not fit, and the store keeps what it is given. The
patient's name does not go on to the store: what is sent there is written in the line, so nobody has to be trusted not
to send it. The gatherer's break has to reach the device, which is about to read again, and the store, which is
waiting; the compiler sends each of them one selection. The result is at the gatherer, and the device starts it: who
starts a saga and who has its result need not be the same.

Source: the example VitalsStreaming of choral-lang/choral (a smart healthcare use case in TOPLAS 2024).
"""

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
