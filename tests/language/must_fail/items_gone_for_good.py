"""A stream of items: each of them goes for good, in a loop that may still fail."""

from __future__ import annotations

from accompanist import At, Role, choreography, com, transaction
from workers.gallery.consume_items import Producer


class Furnace(Role):
    @transaction
    def burn(self, item: int) -> int: ...


@choreography
def items_gone_for_good(producer: Producer, furnace: Furnace, order: At[str, "producer"]) -> At[int, "producer"]:
    burnt = 0
    for item in producer.items(order):
        burnt = burnt + com(furnace.burn(com(item, to=furnace)), to=producer)  #! ACC158 another turn of the loop
    return burnt
