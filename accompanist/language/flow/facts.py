"""The two kinds of facts of a data-flow analysis, each with its join in its type.

A may-fact holds behind a join if it holds on one of the ways: `May` is joined by union. A must-fact holds if it holds
on all of them: `Must` is joined by intersection. Where no way leads, nothing may hold and everything must: `May()` and
`EVERY` are the neutral elements (docs/decisions/011-may-facts-and-must-facts.md).

All are immutable, and equal by what they hold. Each has finite height if the facts that a program can give are finitely
many: then an analysis made of these alone comes to an end at every loop.

Not promised: that facts of one kind are not read as the other. A rule that refuses asks for may-facts, one that permits
for must-facts; that is for the rule to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")
K = TypeVar("K")
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class May(Generic[T]):
    """Facts that may hold here."""

    facts: frozenset[T] = frozenset()

    def join(self, other: May[T]) -> May[T]:
        return self if other.facts <= self.facts else May(self.facts | other.facts)

    def adding(self, more: Iterable[T]) -> May[T]:
        return May(self.facts.union(more))

    def without(self, gone: Iterable[T]) -> May[T]:
        return May(self.facts.difference(gone))

    def __contains__(self, fact: object) -> bool:
        return fact in self.facts

    def __iter__(self) -> Iterator[T]:
        return iter(self.facts)

    def __bool__(self) -> bool:
        return bool(self.facts)


@dataclass(frozen=True, slots=True)
class MayOf(Generic[K, T]):
    """For each of some keys, the facts that may hold of it here. The keys stay the same."""

    of: Mapping[K, frozenset[T]]

    def join(self, other: MayOf[K, T]) -> MayOf[K, T]:
        return MayOf({key: facts | other.of[key] for key, facts in self.of.items()})

    def __getitem__(self, key: K) -> frozenset[T]:
        return self.of[key]

    def giving(self, key: K, facts: frozenset[T]) -> MayOf[K, T]:
        """The same with other facts for one key."""
        return MayOf({**self.of, key: facts})


@dataclass(frozen=True, slots=True)
class Must(Generic[T]):
    """Facts that hold on every way here. `facts` is None where no way leads: there all of them hold."""

    facts: frozenset[T] | None = frozenset()

    def join(self, other: Must[T]) -> Must[T]:
        if self.facts is None or other.facts is None:
            return other if self.facts is None else self
        return Must(self.facts & other.facts)

    def adding(self, more: Iterable[T]) -> Must[T]:
        return self if self.facts is None else Must(self.facts.union(more))

    def __contains__(self, fact: object) -> bool:
        return self.facts is None or fact in self.facts


EVERY: Must[Any] = Must(None)
"""What holds where no way leads."""


def settled(start: F, step: Callable[[F], F]) -> F:
    """The least fixpoint of a monotone function above `start`, if it has one above that: `step` again and again until
    nothing changes."""
    while (after := step(start)) != start:
        start = after
    return start
