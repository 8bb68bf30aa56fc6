"""Haggling: whether they go on depends on what each of them thinks, and nobody knows both."""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.gallery.haggling import Buyer, Seller


@choreography
def agreed_apart(buyer: Buyer, seller: Seller, thing: At[str, "buyer"], patience: At[int, "buyer"]) -> At[int, "buyer"]:
    turn = 1
    cents = buyer.offer(thing, turn)
    agreed = seller.takes(com(cents, to=seller))
    while not agreed and turn < patience:  #! ACC112 no role owns agreed and turn and patience together
        turn = turn + 1
        cents = buyer.offer(thing, turn)
        agreed = seller.takes(com(cents, to=seller))
    return cents
