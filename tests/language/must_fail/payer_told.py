"""The dining cryptographers: one of them just says whether it has paid."""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.gallery.dining_cryptographers import Cryptographer


@choreography
def payer_told(ann: Cryptographer, bob: Cryptographer, dinner: At[str, "ann"]) -> At[bool, "ann"]:
    paid = bob.paid(com(dinner, to=bob))
    return com(paid, to=ann)  #! ACC170 paid is sent to ann, but it is a secret
