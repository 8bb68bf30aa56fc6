"""A loop in a loop: sites hold both turns; a role that acts in the outer one only follows that one alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, choreography, com, share
from tests.language.must_pass.shop import Bank, Grade, Post, Stock


@choreography
def nested_loops(stock: Stock, bank: Bank, post: Post, rows: At[list[list[str]], "stock"]) -> At[int, "post"]:
    total = com(0, to=post)
    for number, row in enumerate(rows):
        best = "none"
        for name in row:
            grade = com(bank.grade(com(name, to=bank)), to=stock)
            if grade is Grade.GOLD:
                best = f"{name}{number}"
        count = share(len(best), to=[post])
        for i in range(count // 4):
            total = total + post.book(com(best, to=post)) + i
    return total


WORKERS: dict[str, Callable[..., Any]] = {
    "bank.grade": lambda customer: Grade.GOLD if "z" in customer else Grade.PLAIN,
    "post.book": lambda parcel: len(parcel),
}
ARGUMENTS: list[dict[str, Any]] = [{"rows": []}, {"rows": [["ann"], [], ["zoe", "bob", "liz"]]}]
