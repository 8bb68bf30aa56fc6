"""Deployments of a changed choreography during a run: what changes, and when each sidecar gets it.

The version that was deployed before is the same choreography with another name for one variable. For the sidecars that
is another version, on which its sessions must end; for the judges it is the same saga. Sidecars leave one by one, and
come back with the new files, beside others that still have the old ones. From then on only the log has the old version
(`sidecar.versions`).
"""

from __future__ import annotations

import ast
import asyncio
import functools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from accompanist.language.compile import compile_file
from accompanist.language.program.program import Choreography
from accompanist.language.versions.texts import gather

if TYPE_CHECKING:
    from accompanist.simulation.clusters.cluster import Cluster

_soonest_s, _latest_s = 2.0, 12.0
_apart_s = 3.0
"""The sidecars of a service leave within this time of each other, in seconds."""


class DeployedVersion(NamedTuple):
    """A choreography, and the texts that it was compiled from, by path below their root."""

    choreography: Choreography
    file: PurePosixPath
    texts: dict[str, str]


def versions(choreography: Choreography, file: Path, root: Path) -> Sequence[DeployedVersion]:
    """The version that was deployed before and the version of now; only the latter if no variable can be renamed."""
    text = _read(str(file)) or ""
    now = _version(choreography, file, root, text)
    others = (_version(choreography, file, root, other) for other in renamed(text, choreography.name))
    same = choreography.fingerprint
    before = next((one for one in others if one is not None and one.choreography.fingerprint != same), None)
    return [one for one in (before, now) if one is not None]


def renamed(text: str, name: str) -> Iterator[str]:
    """A module's text, once for each variable of its function `name`, with another name for that variable."""
    found = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == name]
    names = [node for one in found[-1:] for node in ast.walk(one) if isinstance(node, ast.Name)]
    given = {node.arg for one in found[-1:] for node in ast.walk(one) if isinstance(node, ast.arg)}
    for bound in sorted({one.id for one in names if isinstance(one.ctx, ast.Store)} - given):
        lines = text.encode().splitlines(keepends=True)
        for one in sorted((one for one in names if one.id == bound), key=lambda one: (-one.lineno, -one.col_offset)):
            line, end = lines[one.lineno - 1], one.col_offset + len(one.id.encode())
            lines[one.lineno - 1] = line[:end] + b"_before" + line[end:]
        yield b"".join(lines).decode()


def _version(choreography: Choreography, file: Path, root: Path, text: str) -> DeployedVersion | None:
    read = functools.cache(lambda path: text if path == str(file) else _read(path))
    compiled = compile_file(str(file), root=str(root), read=read)
    same = [one for one in compiled.choreographies if one.name == choreography.name]
    if not same:
        return None
    return DeployedVersion(same[0], PurePosixPath(file.relative_to(root)), gather(str(file), str(root), read))


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _can(cluster: Cluster) -> bool:
    """Whether the files of all choreographies are known, and some version differs."""
    found = [len(one.versions) for one in cluster.subjects]
    return 0 not in found and max(found) > 1


class Deploy:
    """The deployment of one run. `planned`: the seed has one. `newest`: the services whose sidecars start with the new
    files from now on."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._chance = random.Random(f"{cluster.seed}/deploy")
        self.planned = self._chance.random() < 0.3 and _can(cluster)
        self.newest: set[str] = set()

    def of(self, service: str) -> list[DeployedVersion]:
        """The versions that a sidecar of the service is started with now."""
        return [one.versions[-1 if service in self.newest else 0] for one in self._cluster.subjects]

    async def run(self) -> None:
        """Deploy to one service after the other, each once its log has the version that was deployed before."""
        if not self.planned:
            return
        cluster, chance = self._cluster, self._chance
        await asyncio.sleep(chance.uniform(_soonest_s, _latest_s))
        for service in cluster.services:
            before = {one.choreography.fingerprint for one in self.of(service)}
            while not before <= cluster.database.services[service].versions.keys():  # noqa: ASYNC110
                await asyncio.sleep(0.25)
            self.newest.add(service)
            cluster.mark("deploy")
            cluster.log(f"{service} is deployed anew")
            for replica in [one for one in cluster.replicas if one.service == service]:
                cluster.loop.later(chance.uniform(0.0, _apart_s), replica.leave_soon)
            await asyncio.sleep(chance.uniform(0.0, _apart_s))
