"""What cannot be undone stands behind a branch of which one side alone passes a commit point."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, transaction


class Shop(Role):
    @transaction
    def reserve(self, n: int) -> int: ...
    @reserve.compensation
    def release(self, n: int) -> None: ...
    @transaction
    def ship(self, n: int) -> int: ...
    @transaction(retriable=True)
    def announce(self, n: int) -> int: ...


@choreography
def pivot(a: Shop, b: Shop, n: At[int, "a"]) -> At[int, "a"]:
    m = com(n, to=b)
    if n % 2 == 0:
        b.reserve(m)
    else:
        a.ship(n)
    a.announce(n)  #! ACC153 a.ship of line 25 is on some of them only
    return n


@choreography
def record(a: Shop, b: Shop, n: At[int, "a"]) -> At[int, "a"]:
    m = com(n, to=b)
    if n % 2 == 0:
        b.reserve(m)
    else:
        a.commit()
    a.announce(n)  #! ACC153 a.commit of line 36 is on some of them only
    return n


@choreography
def put_in(a: Shop, b: Shop, n: At[int, "a"]) -> At[int, "a"]:
    m = com(n, to=b)
    if n % 2 == 0:
        b.reserve(m)
    else:
        a.announce(n)  #! ACC153 would put in is refused: a.announce cannot be undone
    a.announce(n)
    return n


@choreography
def in_a_called_one(a: Shop, b: Shop, n: At[int, "a"]) -> At[int, "a"]:
    m = com(n, to=b)
    if n % 2 == 0:
        b.reserve(m)
    else:
        shipped(a, n)
    a.announce(n)  #! ACC153 a.ship of line 65 is on some of them only
    return n


@choreography
def shipped(a: Shop, n: At[int, "a"]) -> At[int, "a"]:
    return a.ship(n)
