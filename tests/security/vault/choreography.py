"""A saga that carries a secret everywhere: in its arguments, its messages, its replies, its result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated as At

from accompanist import Role, choreography, com, pure, transaction


@dataclass(frozen=True)
class Deposit:
    """`how` says what goes wrong on its way."""

    secret: str
    how: str

    def __post_init__(self) -> None:
        if self.how == "invalid":
            raise ValueError(f"cannot take {self.secret}")


@dataclass(frozen=True)
class Ticket:
    secret: str
    how: str

    def __post_init__(self) -> None:
        if self.how == "misfit":
            raise ValueError(f"no ticket for {self.secret}")


@dataclass(frozen=True)
class Proof:
    secret: str


@pure
def stamped(ticket: Ticket) -> Ticket:
    if ticket.how == "local":
        raise RuntimeError(f"cannot stamp {ticket.secret}")
    return ticket


class Teller(Role):
    @transaction
    def take(self, deposit: Deposit) -> Ticket: ...
    @take.compensation
    def give_back(self, deposit: Deposit) -> None: ...


class Vault(Role):
    @transaction
    def store(self, ticket: Ticket) -> Proof: ...
    @store.compensation
    def clear(self, ticket: Ticket) -> None: ...

    @transaction
    def seal(self, proof: Proof, how: str) -> Proof: ...
    @seal.compensation
    def unseal(self, proof: Proof, how: str) -> None: ...


@choreography
def keep(teller: Teller, vault: Vault, deposit: At[Deposit, "teller"]) -> At[Proof, "teller"]:
    ticket = teller.take(deposit)
    told = com(ticket, to=vault)
    proof = vault.store(stamped(told))
    sealed = vault.seal(proof, told.how)
    return com(sealed, to=teller)
