"""Registers the sagas of the running test, so that the pytest plugin can show them if it fails."""

from __future__ import annotations

import weakref
from typing import Protocol


class RecordedSaga(Protocol):
    """A saga that can be shown."""

    seed: int

    def picture(self, lines_max: int) -> str: ...


_sagas: list[weakref.ref[RecordedSaga]] = []
_kept_max = 20


def keep(saga: RecordedSaga) -> None:
    """Register a saga. It is forgotten when its test has no reference to it any more."""
    _sagas.append(weakref.ref(saga))
    del _sagas[:-_kept_max]


def forget() -> None:
    _sagas.clear()


def all() -> list[RecordedSaga]:
    """The registered sagas that still exist."""
    return [saga for each in _sagas if (saga := each()) is not None]
