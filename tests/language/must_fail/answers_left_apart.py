"""Reading from a majority: what the replicas hold is compared where nobody has it all."""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.gallery.majority import Reader, Replica, newest


@choreography
def answers_left_apart(reader: Reader, one: Replica, two: Replica, key: At[str, "reader"]) -> At[str, "reader"]:
    first = one.read(com(key, to=one))
    second = two.read(com(key, to=two))
    best = newest([first, second])  #! ACC112 no role owns first and second together
    return com(best.value, to=reader)
