"""A loop over roles names roles alone: what stands beside each is found by the number of the turn."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, query


class Buyer(Role):
    @query
    def order(self, name: str) -> str: ...


class Supplier(Role):
    @query
    def bid(self, number: int) -> int: ...


@choreography
def values_beside_roles(
    buyer: Buyer, north: Supplier, south: Supplier, number: At[int, "buyer"]
) -> At[str, "buyer"]:
    winner = ""
    for name, supplier in (("north", north), ("south", south)):  #! ACC145 a loop over roles names roles alone
        price = com(supplier.bid(com(number, to=supplier)), to=buyer)
        if price > 3:
            winner = name
    for supplier, least, name in ((north, 3, winner), (south, 4, "")):  #! ACC145 for supplier in (north, south):
        if com(supplier.bid(com(least, to=supplier)), to=buyer) > number:
            winner = name
    for name, supplier in {"north": north, "south": south}.items():  #! ACC145 a loop over roles names roles alone
        com(supplier.bid(com(number, to=supplier)), to=buyer)
    pairs = [("north", north), ("south", south)]  #! ACC117 roles are no values, and so there is no list of them
    for name, supplier in pairs:
        com(supplier.bid(com(number, to=supplier)), to=nobody)  #! ACC111 nobody is not a role
    return buyer.order(winner)
