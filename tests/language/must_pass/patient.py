"""How an operation is asked for stands with its declaration; the types are those of the operation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, transaction


class Clerk(Role):
    @query(attempts=3)
    def ask(self, number: int) -> int: ...

    @transaction(attempts=5, timeout_s=30, first_s=0.1, cap_s=10, away_s=86_400)
    def write(self, number: int) -> str: ...

    @write.compensation(attempts=100, cap_s=60)
    def erase(self, number: int) -> None: ...

    @transaction(retriable=True, timeout_s=3)
    def tell(self, text: str) -> int: ...


@choreography
def patient(one: Clerk, two: Clerk, number: At[int, "one"]) -> At[int, "two"]:
    written = two.write(com(one.ask(number), to=two))
    return two.tell(written)


WORKERS: dict[str, Callable[..., Any]] = {
    "one.ask": lambda number: number + 1,
    "two.write": lambda number: str(number),
    "two.tell": lambda text: len(text),
}
ARGUMENTS: list[dict[str, Any]] = [{"number": 9}]
