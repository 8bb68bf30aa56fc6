"""An operation that is refused in its class is not complained of where it is called."""

from __future__ import annotations

from accompanist import At, Role, attempt, choreography, com, query, transaction


class Desk(Role):
    @query
    def commit(self, n: int) -> int: ...  #! ACC161 an operation cannot be called commit

    @query
    def sleep(self) -> int: ...  #! ACC161 an operation cannot be called sleep

    @transaction
    def abort(self, n: int) -> int: ...  #! ACC161 an operation cannot be called abort

    @query
    def event(self, n: int) -> int: ...  #! ACC161 an operation cannot be called event

    def bare(self, n: int) -> int: ...  #! ACC161 Desk.bare does not say what kind of operation it is


@choreography
def refused_operation(desk: Desk, clerk: Desk, n: At[int, "desk"]) -> At[int, "desk"]:
    desk.commit(n)
    desk.commit(n, n)
    desk.abort(n, n)
    asked = desk.bare(n) + desk.sleep()
    tried = attempt(desk.event(asked))
    if tried.ok:
        return com(clerk.abort(com(n, to=clerk)), to=desk)
    return n


@choreography
def refused_again(desk: Desk, n: At[int, "desk"]) -> None:
    desk.commit(n)
    desk.commit(n)
