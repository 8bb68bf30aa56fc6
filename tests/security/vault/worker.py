"""The workers of the saga: they fail as they are told to, and put the secret into whatever they say of it.

python tests/security/vault/worker.py Teller|Vault [--install] ...
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import asyncpg
from choreography import Deposit, Proof, Teller, Ticket, Vault

from accompanist.worker import Declined, Worker, main, provision

teller = Worker(Teller, "teller_worker")
vault = Worker(Vault, "vault_worker")


@teller.operation
async def take(tx: asyncpg.Connection, deposit: Deposit) -> Ticket:
    if deposit.how == "misfit":
        wrong = object.__new__(Ticket)  # what the type would not take, so that the reply does not fit it
        object.__setattr__(wrong, "secret", deposit.secret)
        object.__setattr__(wrong, "how", deposit.how)
        return wrong
    return Ticket(deposit.secret, deposit.how)


@teller.operation
async def give_back(tx: asyncpg.Connection, deposit: Deposit) -> None:
    if deposit.how == "stuck":
        raise RuntimeError(f"cannot give {deposit.secret} back")


@vault.operation
async def store(tx: asyncpg.Connection, ticket: Ticket) -> Proof:
    if ticket.how == "crash" and not _crashed_before():
        raise KeyboardInterrupt(f"cannot store {ticket.secret}")  # what ends a process, with a traceback
    return Proof(ticket.secret)


@vault.operation
async def clear(tx: asyncpg.Connection, ticket: Ticket) -> None:
    return None


@vault.operation
async def seal(tx: asyncpg.Connection, proof: Proof, how: str) -> Proof:
    match how:
        case "declined" | "stuck":
            raise Declined("it cannot be sealed")
        case "raised":
            raise RuntimeError(f"cannot seal {proof.secret}")
        case "driver":
            await tx.execute("SELECT $1::integer", proof.secret)
    return proof


@vault.operation
async def unseal(tx: asyncpg.Connection, proof: Proof, how: str) -> None:
    return None


def _crashed_before() -> bool:
    """Whether this is not the first try; the marker outlives the process and the transaction."""
    marker = Path(os.environ["ACCOMPANIST_RUN"], "crashed")
    if marker.exists():
        return True
    marker.touch()
    return False


async def install(dsn: str) -> None:
    await provision(dsn, ours.schema)


if __name__ == "__main__":
    ours = {"Teller": teller, "Vault": vault}[sys.argv.pop(1)]
    raise SystemExit(main(ours, install))
