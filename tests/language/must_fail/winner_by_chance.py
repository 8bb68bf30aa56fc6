"""A lottery: the number is drawn where every role would draw another one."""

from __future__ import annotations

import random

from accompanist import At, choreography, com
from workers.gallery.lottery import Client, Server


@choreography
def winner_by_chance(one: Server, ann: Client, bob: Client, draw: At[str, "one"]) -> At[str, "one"]:
    if random.randint(0, 1) == 0:  #! ACC135 random.randint() is chance
        return com(ann.ticket(com(draw, to=ann)), to=one)
    return com(bob.ticket(com(draw, to=bob)), to=one)
