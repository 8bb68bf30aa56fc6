"""The dining cryptographers: somebody has paid; was it one of the three, and nobody learns which?

Each two neighbours toss a coin that the third does not see. Each says whether its two coins fell alike, and whoever has
paid says the opposite. If the number of differences that are said is odd, one of the three has paid, and the other two
cannot tell who. What is secret is in the types: `paid` is a Secret of its role, and so is what is computed from it,
until a @pure function whose signature says so makes it public, xored with the two coins. `accompanist check --learns`
lists who learns what. Each coin is a reading of chance at one of the two who see it, shared with the other, recorded
once, and the same in every replay. The third role of the loop is told neither coin nor turn.

Source: Chaum, The Dining Cryptographers Problem (Journal of Cryptology 1, 1988).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, Secret, choreography, com, pure, query, share


class Cryptographer(Role):
    @query
    def paid(self, dinner: str) -> Secret[bool]: ...

    @query
    def coin(self, dinner: str) -> bool: ...


@pure
def said(left: bool, right: bool, paid: Secret[bool]) -> bool:
    return (left != right) != paid


@choreography
def dining_cryptographers(
    ann: Cryptographer, bob: Cryptographer, cid: Cryptographer, dinner: At[str, "ann"]
) -> At[bool, "ann"]:
    name = share(dinner, to=[bob, cid])
    of_ann = share(ann.coin(name), to=[bob])
    of_bob = share(bob.coin(name), to=[cid])
    of_cid = share(cid.coin(name), to=[ann])
    by_ann = said(of_cid, of_ann, ann.paid(name))
    by_bob = said(of_ann, of_bob, bob.paid(name))
    by_cid = said(of_bob, of_cid, cid.paid(name))
    return (by_ann != com(by_bob, to=ann)) != com(by_cid, to=ann)


WORKERS: dict[str, Callable[..., Any]] = {
    "ann.coin": lambda dinner: True,
    "bob.coin": lambda dinner: False,
    "cid.coin": lambda dinner: True,
    "ann.paid": lambda dinner: False,
    "bob.paid": lambda dinner: dinner == "bob's treat",
    "cid.paid": lambda dinner: False,
}
ARGUMENTS: list[dict[str, Any]] = [{"dinner": "bob's treat"}, {"dinner": "the agency's treat"}]
RESULTS: list[Any] = [True, False]
