"""A case that ends the session beside one that is missing: what is missing is the case, not the name."""

from __future__ import annotations

from enum import Enum

from accompanist import At, Role, choreography, query


class Decision(Enum):
    GRANT = "grant"
    MORE = "more"
    REFUSE = "refuse"


class Desk(Role):
    @query
    def decide(self, number: int) -> Decision: ...

    @query
    def pay(self, number: int) -> int: ...


@choreography
def loan(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    decision = desk.decide(number)
    match decision:  #! ACC149 no case takes Decision.MORE, and amount is not assigned then
        case Decision.GRANT:
            amount = number
        case Decision.REFUSE:
            desk.abort("refused")
    return desk.pay(amount)


@choreography
def asked_again(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    while number > 3:
        match desk.decide(number):  #! ACC149 no case takes Decision.MORE, and amount is not assigned then
            case Decision.GRANT:
                amount = number
            case Decision.REFUSE:
                break
        number = desk.pay(amount)
    return number


@choreography
def read_too_early(desk: Desk, number: At[int, "desk"]) -> At[int, "desk"]:
    match desk.decide(number):
        case Decision.GRANT:
            number = 1
        case Decision.REFUSE:
            desk.abort("refused")
    number = desk.pay(later)  #! ACC110 later is not assigned before this line
    later = 3
    return number + later
