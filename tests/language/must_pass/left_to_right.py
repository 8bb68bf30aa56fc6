"""Arguments are evaluated left to right: the second call sees what the first one did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, transaction


class Counter(Role):
    @transaction
    def next(self, by: int) -> int: ...

    @next.compensation
    def back(self, by: int) -> None: ...


class Sink(Role):
    @transaction
    def take(self, first: int, second: int, third: str) -> str: ...

    @take.compensation
    def untake(self, first: int, second: int, third: str) -> None: ...


@choreography
def left_to_right(counter: Counter, sink: Sink, by: At[int, "counter"]) -> At[str, "sink"]:
    return sink.take(
        com(counter.next(by) * 100, to=sink), third="x" * 2, second=com(counter.next(by + counter.next(by)), to=sink)
    )


WORKERS: dict[str, Callable[..., Any]] = {
    "counter.next": lambda by: by + 1,
    "sink.take": lambda first, second, third: f"{first} {second} {third}",
}
ARGUMENTS: list[dict[str, Any]] = [{"by": 1}, {"by": 10}]
