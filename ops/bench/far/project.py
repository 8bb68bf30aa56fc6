"""A generated project: chains of services, each with a database of its own, and the network between them.

A chain of n passes a text from `front`, which starts it and has no worker, through n services and from the last one
back to `front`; a line passes it back through the services that it came through. Each of them has one transaction,
which declines where the text is its own name. Each sidecar is told addresses of its own for the others, so that a way
between two services may be long, or missing.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ops.bench.generated import ROLE, place_of, running_in
from ops.forwarding import Network
from ops.local import Cluster

FRONT = "front"
_HEAD = '''"""Chains of services."""

from accompanist import At, Role, choreography, com, transaction


class Front(Role):
    pass
'''
_CHAIN = """

@choreography
def chain{length}(front: Front, {parameters}, v0: At[str, "front"]) -> At[str, "front"]:
{steps}
    return com(v{length}, to=front)


@choreography
def line{length}(front: Front, {parameters}, v0: At[str, "front"]) -> At[str, "front"]:
{steps}
{back}
    return com(b1, to=front)
"""
_WORKER = '''"""The worker of one class of roles: python chain_worker.py S1 --service s1 --install"""

import sys
from pathlib import Path

import asyncpg
import chains

from accompanist.worker import Declined, Worker, current_call, main, provision

NAME = sys.argv[1]
worker = Worker(getattr(chains, NAME), f"{NAME.lower()}_worker")
DID = "INSERT INTO ledger (session, operation) VALUES ($1, $2)"


async def install(dsn: str) -> None:
    await provision(dsn, worker.schema, Path(__file__).with_name("chain.sql"))


@worker.operation
async def step(tx: asyncpg.Connection, value: str) -> str:
    if value == NAME.lower():
        raise Declined("that is my name")
    await tx.execute(DID, current_call().session, "step")
    return value


@worker.operation
async def back(tx: asyncpg.Connection, value: str) -> None:
    await tx.execute(DID, current_call().session, "back")


raise SystemExit(main(worker, install, sys.argv[2:]))
'''
_TABLE = "CREATE TABLE IF NOT EXISTS ledger (session uuid NOT NULL, operation text NOT NULL);\n"
_SERVICE = """[service.{name}]
api = "http+unix:run/{name}-api.sock"
workers = {{ {workers} }}
choreographies = ["chains.py"]
"""
_SIDECAR = (
    '{name}: ACCOMPANIST_CONFIG={place}/{name}.toml exec accompanist keep --pid-file "$ACCOMPANIST_RUN/{name}.pid" -- '
    "accompanist sidecar --service {name}"
)
_KEPT_WORKER = (
    '{name}-worker: exec accompanist keep --pid-file "$ACCOMPANIST_RUN/{name}-worker.pid" -- '
    "{python} {place}/chain_worker.py {role} --service {name} --install"
)


def workers(longest: int) -> list[str]:
    """The services with a worker, in the order of the chain."""
    return [f"s{number}" for number in range(1, longest + 1)]


def chains(lengths: Sequence[int]) -> str:
    """The text of the choreographies, two for each length: `chain3` and `line3` for 3."""
    text = _HEAD + "".join(ROLE.format(name=name.upper()) for name in workers(max(lengths)))
    for length in lengths:
        text += _CHAIN.format(
            length=length,
            parameters=", ".join(f"r{hop}: S{hop}" for hop in range(1, length + 1)),
            steps="\n".join(f"    v{hop} = r{hop}.step(com(v{hop - 1}, to=r{hop}))" for hop in range(1, length + 1)),
            back="\n".join(
                [f"    b{length} = v{length}"]
                + [f"    b{hop} = com(b{hop + 1}, to=r{hop})" for hop in range(length - 1, 0, -1)]
            ),
        )
    return text


def way(run: Path, speaker: str, listener: str) -> Path:
    """The socket at which a speaker finds a listener."""
    return run / f"{speaker}-to-{listener}.sock"


def write(place: Path, lengths: Sequence[int]) -> None:
    """The project's files but for the sidecars' configurations, all of them anew. `place` is absolute."""
    names = workers(max(lengths))
    place.mkdir(parents=True, exist_ok=True)
    (place / "chains.py").write_text(chains(lengths))
    (place / "chain_worker.py").write_text(_WORKER)
    (place / "chain.sql").write_text(_TABLE)
    (place / "accompanist.toml").write_text(_configuration(lengths))
    lines = [_SIDECAR.format(name=name, place=place) for name in (FRONT, *names)]
    lines += [_KEPT_WORKER.format(name=name, role=name.upper(), place=place, python=sys.executable) for name in names]
    (place / "Procfile").write_text("\n".join(lines) + "\n")


def _configuration(lengths: Sequence[int]) -> str:
    told = {FRONT: ""} | {name: f'{name.upper()} = "unix:run/{name}.sock"' for name in workers(max(lengths))}
    text = "\n".join(_SERVICE.format(name=name, workers=workers) for name, workers in told.items())
    bound = (f"{kind}{length}" for length in lengths for kind in ("chain", "line"))
    return text + "".join(f'\n[bindings.{name}]\nfront = "{FRONT}"\n' for name in bound)


def address_each(place: Path, run: Path, lengths: Sequence[int]) -> None:
    """Each sidecar's configuration, in which the others are at the ends of its own ways."""
    names = (FRONT, *workers(max(lengths)))
    for speaker in names:
        ways = ((peer, way(run, speaker, peer)) for peer in names if peer != speaker)
        peers = "".join(f'\n[peers.{peer}]\nurl = "http+unix:{socket}"\n' for peer, socket in ways)
        (place / f"{speaker}.toml").write_text(_configuration(lengths) + peers)


def join(running: Cluster, network: Network, pairs: Iterable[tuple[str, str]]) -> None:
    """Open the way of each pair, from its speaker to where its listener's sidecar listens."""
    for speaker, listener in pairs:
        network.open(way(running.run, speaker, listener), running.run / f"{listener}-peers.sock")


@contextmanager
def deployed(directory: Path, lengths: Sequence[int]) -> Iterator[Cluster]:
    """The project, running on a server of its own, from nothing, with no way open between its services."""
    place = place_of(directory)
    write(place, lengths)
    with running_in(
        directory,
        connections=400,
        apart=(FRONT, *workers(max(lengths))),
        arrange=lambda running: address_each(place, running.run, lengths),
    ) as running:
        yield running
