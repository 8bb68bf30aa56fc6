"""A generated project: choreographies over rings of roles, one worker program, its configuration and its Procfile.

A ring of n roles passes a text from role to role; each has one transaction. Neighbours in the ring are played by
different services. There are SERVICES services whatever the number of roles, so that a machine with few cores does not
measure its own scheduling.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from ops.bench.generated import ROLE

SERVICES = ("s0", "s1", "s2", "s3")

_HEAD = '''"""Rings of roles, and a session that waits."""

from accompanist import At, Role, choreography, com, transaction
'''
_RING = """

@choreography
def ring{roles}({parameters}, value: At[str, "r0"]) -> At[str, "r{last}"]:
    v0 = r0.step(value)
{steps}
    return v{last}
"""
_WAITS = """

@choreography
def waits(r0: S0, value: At[str, "r0"]) -> At[str, "r0"]:
    told = r0.timeout(r0.event("told", str), 864000.0)
    if told.ok:
        return r0.step(value)
    return value
"""
_WORKER = '''"""The worker of one class of roles: python ring_worker.py S0 --service s0 --install"""

import sys
from pathlib import Path

import asyncpg
import rings

from accompanist.worker import Worker, main, provision

NAME = sys.argv[1]
worker = Worker(getattr(rings, NAME), f"{NAME.lower()}_worker")


async def install(dsn: str) -> None:
    await provision(dsn, worker.schema, Path(__file__).with_name("ring.sql"))


@worker.operation
async def step(tx: asyncpg.Connection, value: str) -> str:
    await tx.execute("INSERT INTO stepped (chars) VALUES ($1)", len(value))
    return value


@worker.operation
async def back(tx: asyncpg.Connection, value: str) -> None:
    await tx.execute("INSERT INTO stepped (chars) VALUES ($1)", -len(value))


raise SystemExit(main(worker, install, sys.argv[2:]))
'''
_TABLE = "CREATE TABLE IF NOT EXISTS stepped (number bigserial PRIMARY KEY, chars bigint NOT NULL);\n"
_SERVICE = """[service.{name}]
api = "http://127.0.0.1:{port}"
workers = {{ {role} = "unix:run/{name}.sock" }}
choreographies = ["rings.py"]
"""
FIRST_PORT = 7201
_SIDECAR = 'exec accompanist keep --pid-file "$ACCOMPANIST_RUN/{line}.pid" -- accompanist sidecar --service {name}'
_KEPT_WORKER = (
    'exec accompanist keep --pid-file "$ACCOMPANIST_RUN/{name}-worker.pid" -- '
    "{python} {place}/ring_worker.py {role} --service {name} --install"
)


def rings(sizes: Sequence[int]) -> str:
    """The text of the choreographies: one for each number of roles, and `waits`."""
    text = _HEAD + "".join(ROLE.format(name=name.upper()) for name in SERVICES)
    for roles in sizes:
        text += _RING.format(
            roles=roles,
            last=roles - 1,
            parameters=", ".join(f"r{role}: S{role % len(SERVICES)}" for role in range(roles)),
            steps="\n".join(f"    v{role} = r{role}.step(com(v{role - 1}, to=r{role}))" for role in range(1, roles)),
        )
    return text + _WAITS


def replica(run: Path, service: str, number: int) -> str:
    """The API of a service's replica, counted from 1; the first one's is the service's."""
    return f"http+unix:{run}/{service}{f'-{number}' if number > 1 else ''}-api.sock"


def procfile(place: Path, replicas: int) -> str:
    lines = []
    for name in SERVICES:
        for number in range(1, replicas + 1):
            line = name if number == 1 else f"{name}-{number}"
            api = "" if number == 1 else f'ACCOMPANIST_SERVICE_{name.upper()}_API="{replica_in_run(name, number)}" '
            lines.append(f"{line}: {api}{_SIDECAR.format(line=line, name=name)}")
        kept = _KEPT_WORKER.format(name=name, role=name.upper(), place=place, python=sys.executable)
        lines.append(f"{name}-worker: {kept}")
    return "\n".join(lines) + "\n"


def replica_in_run(service: str, number: int) -> str:
    return f"http+unix:$ACCOMPANIST_RUN/{service}-{number}-api.sock"


def write(place: Path, sizes: Sequence[int], replicas: int) -> None:
    """The project's files, all of them anew. `place` is absolute."""
    place.mkdir(parents=True, exist_ok=True)
    (place / "rings.py").write_text(rings(sizes))
    (place / "ring_worker.py").write_text(_WORKER)
    (place / "ring.sql").write_text(_TABLE)
    services = [_SERVICE.format(name=name, role=name.upper(), port=FIRST_PORT + at) for at, name in enumerate(SERVICES)]
    (place / "accompanist.toml").write_text("\n".join(services))
    (place / "Procfile").write_text(procfile(place, replicas))
