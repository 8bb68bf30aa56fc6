"""Two parties compute a circuit on their secret bits, and learn its output and nothing else.

Each input bit is cut into two shares whose xor it is; a party holds one share of each bit, which is a coin to it. An
xor of two wires is computed by each party on its own shares. An and needs help: a dealer, who sees no input, deals a
triple of shared bits of which one is the and of the other two, and the parties open their wires masked by it. At the
end they exchange their shares of the output. The circuit below is "both, or neither": two gates. Inputs are Secrets of
their roles; the one place at which something of them is told is the @pure function `masked`, whose signature says so.
The dealer's help stands for the oblivious transfer of the original, which would be a choreography of its own.

Source: Goldreich, Micali, Wigderson, How to Play any Mental Game (STOC 1987); the triples are Beaver's (CRYPTO 1991);
as a choreography in HasChor's successor MultiChor (PLDI 2025).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accompanist import At, Role, Secret, choreography, com, pure, query, share


@dataclass(frozen=True)
class Triple:
    a: bool
    b: bool
    c: bool


class Party(Role):
    @query
    def bit(self, vote: str) -> Secret[bool]: ...

    @query
    def coin(self, vote: str) -> bool: ...


class Dealer(Role):
    @query
    def deal(self, vote: str) -> list[Triple]: ...


@pure
def masked(bit: Secret[bool], coin: bool) -> bool:
    """A bit under a coin that its receiver does not see."""
    return bit != coin


@pure
def product(triple: Triple, d: bool, e: bool, first: bool) -> bool:
    """A party's share of an and; one of the two adds the public part."""
    return triple.c ^ (d and triple.b) ^ (e and triple.a) ^ (first and d and e)


@choreography
def gmw(ann: Party, bob: Party, dealer: Dealer, vote: At[str, "ann"]) -> At[bool, "ann", "bob"]:
    name = share(vote, to=[bob, dealer])
    triples = dealer.deal(name)
    mine = com(triples[0], to=ann)
    yours = com(triples[1], to=bob)
    # a wire each: ann's share and bob's share of either bit
    coin_of_ann = ann.coin(name)
    coin_of_bob = bob.coin(name)
    ann_at_bob = com(masked(ann.bit(name), coin_of_ann), to=bob)
    bob_at_ann = com(masked(bob.bit(name), coin_of_bob), to=ann)
    # and: open both wires, masked by the triple
    d = share(coin_of_ann ^ mine.a, to=[bob]) ^ share(ann_at_bob ^ yours.a, to=[ann])
    e = share(bob_at_ann ^ mine.b, to=[bob]) ^ share(coin_of_bob ^ yours.b, to=[ann])
    both_at_ann = product(mine, d, e, True)
    both_at_bob = product(yours, d, e, False)
    return share(both_at_ann, to=[bob]) ^ share(both_at_bob, to=[ann])


WORKERS: dict[str, Callable[..., Any]] = {
    "ann.bit": lambda vote: vote in ("both", "ann"),
    "bob.bit": lambda vote: vote in ("both", "bob"),
    "ann.coin": lambda vote: True,
    "bob.coin": lambda vote: False,
    "dealer.deal": lambda vote: [Triple(True, False, True), Triple(False, True, False)],
}
ARGUMENTS: list[dict[str, Any]] = [{"vote": vote} for vote in ("both", "ann", "bob", "neither")]
RESULTS: list[Any] = [True, False, False, False]
