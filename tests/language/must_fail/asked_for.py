"""How often and how patiently an operation is asked for is written out, within bounds."""

from __future__ import annotations

from accompanist import At, Role, choreography, query, transaction

FIVE = 5


class Desk(Role):
    @transaction(attempts=5, timeout_s=30, first_s=0.1, cap_s=10)
    def write(self, n: int) -> int: ...

    @write.compensation(attempts=0)  #! ACC148 attempts is a whole number from 1 to 1000
    def erase(self, n: int) -> None: ...

    @transaction(retriable=True, attempts=5)  #! ACC148 it is tried until it succeeds  # type: ignore[call-overload]
    def tell(self, n: int) -> int: ...

    @query(attempts=FIVE, timeout_s=-1)  #! ACC148 written out #! ACC148 timeout_s is a number of seconds
    def ask(self, n: int) -> int: ...

    @query(first_s=2, cap_s=1)  #! ACC148 cap_s is the smaller one
    def ask_fast(self, n: int) -> int: ...

    @transaction(retriable=True, away_s=9)  #! ACC148 its worker may be away for any time  # type: ignore[call-overload]
    def tell_late(self, n: int) -> int: ...

    @query(patience=3)  # type: ignore[call-overload]
    def ask_much(self, n: int) -> int: ...  #! ACC161 does not say what kind of operation it is

    @transaction(True)  # type: ignore[arg-type]
    def do(self, n: int) -> int: ...  #! ACC161 does not say what kind of operation it is


@choreography
def asked_for(desk: Desk, n: At[int, "desk"]) -> int:
    return desk.write(n)
