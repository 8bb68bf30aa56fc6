"""Two parties with a secret bit each: one of them sends it without a coin over it."""

from __future__ import annotations

from accompanist import At, choreography, com
from workers.gallery.gmw import Party


@choreography
def bit_not_masked(ann: Party, bob: Party, vote: At[str, "ann"]) -> At[bool, "ann"]:
    there = com(ann.bit(vote), to=bob)  #! ACC170 ann.bit(vote) is sent to bob
    return com(bob.coin(com(vote, to=bob)) != there, to=ann)
