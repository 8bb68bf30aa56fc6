"""A role class that derives from another one."""

from __future__ import annotations

from accompanist import At, Role, choreography, query


class Base(Role):
    @query
    def base(self, number: int) -> int: ...


class Desk(Base):  #! ACC161 Desk derives from Base
    @query
    def ask(self, number: int) -> int: ...


@choreography
def role_of_a_role(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    return desk.base(desk.ask(number))
