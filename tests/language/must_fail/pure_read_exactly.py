"""Behind the commit point a @pure function is read exactly: a guard in a loop says nothing behind it, `replace` runs
what a class checks, and what is lazy raises where it is gone through."""

from __future__ import annotations

from dataclasses import dataclass, replace

from accompanist import At, Role, choreography, pure, transaction


@dataclass(frozen=True)
class Total:
    cents: int

    def __post_init__(self) -> None:
        if self.cents < 0:
            raise ValueError("negative")


@pure
def share_of(lines: list[int], people: int) -> int:
    total = 0
    for line in lines:
        if people == 0:
            return 0
        total += line // people
    return 100 // people


@pure
def less(total: Total, cents: int) -> Total:
    return replace(total, cents=total.cents - cents)


@pure
def summed(text: str) -> int:
    try:
        numbers = map(int, text.split(","))
    except Exception:
        return 0
    return sum(numbers)


@pure
def summed_at_once(text: str) -> int:
    try:
        return sum(map(int, text.split(",")))
    except Exception:
        return 0


class Bank(Role):
    @transaction
    def pay(self) -> int: ...

    @transaction(retriable=True)
    def book(self, amount: int) -> None: ...


@choreography
def pure_read_exactly(
    bank: Bank, lines: At[list[int], "bank"], people: At[int, "bank"], total: At[Total, "bank"], text: At[str, "bank"]
) -> None:
    bank.pay()
    bank.book(share_of(lines, people))  #! ACC159 share_of may raise: people may be zero, in line 27
    bank.book(less(total, people).cents)  #! ACC159 less may raise: Total may raise: it raises, in line 17
    bank.book(summed(text))  #! ACC159 summed may raise: the type of numbers is not known exactly, in line 41
    bank.book(summed_at_once(text))
