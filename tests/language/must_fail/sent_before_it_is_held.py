"""Buyer, seller and shipper: the shipper sends, and does not know whether the seller has anything."""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.gallery.buyer_seller_shipper import Buyer, Seller, Shipper


@choreography
def sent_before_it_is_held(buyer: Buyer, seller: Seller, shipper: Shipper, title: At[str, "buyer"]) -> At[str, "buyer"]:
    seller.hold(com(title, to=seller))
    day = shipper.send(com(title, to=shipper))  #! ACC150 shipper does not know whether seller.hold of line 11 went well
    if buyer.takes(len(com(day, to=buyer))):  #! ACC151 buyer.takes comes after shipper.send of line 12
        return title
    return "too dear"
