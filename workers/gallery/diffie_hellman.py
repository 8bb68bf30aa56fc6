"""Diffie-Hellman: both come to the same secret, and neither exponent leaves its worker.

The two parties share a base and a modulus. Each raises the base to its own exponent, which only its worker knows, and
sends the result; each raises what it was sent again. Both now have the same number, and have never sent it. The
exponents are not in the program at all: an operation that raises a number is all that a role offers. The two results
are two values at two places, and comparing them takes a move; what is compared here is their last bit, as a taste.
What is typed Secret could not be moved even for that, without a function whose signature says that it may.

Source: Diffie, Hellman, New Directions in Cryptography (1976); as a choreography among the examples of Choral (TOPLAS
2024) and HasChor (ICFP 2023).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accompanist import At, Role, choreography, com, query, share


class Party(Role):
    @query
    def raised(self, base: int, modulus: int) -> int: ...


@choreography
def diffie_hellman(ann: Party, bob: Party, base: At[int, "ann"], modulus: At[int, "ann"]) -> At[int, "ann", "bob"]:
    g, m = share(base, to=[bob]), share(modulus, to=[bob])
    from_ann = com(ann.raised(g, m), to=bob)
    from_bob = com(bob.raised(g, m), to=ann)
    at_ann = ann.raised(from_bob, m)
    at_bob = bob.raised(from_ann, m)
    same = com(at_ann % 2, to=bob) == at_bob % 2  # a taste of the secret shows that both have the same
    return share(1 if same else 0, to=[ann])


WORKERS: dict[str, Callable[..., Any]] = {
    "ann.raised": lambda base, modulus: pow(base, 6, modulus),
    "bob.raised": lambda base, modulus: pow(base, 15, modulus),
}
ARGUMENTS: list[dict[str, Any]] = [{"base": 5, "modulus": 23}, {"base": 7, "modulus": 41}]
RESULTS: list[Any] = [1, 1]
