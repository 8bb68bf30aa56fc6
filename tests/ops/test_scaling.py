"""The generated rings are choreographies that the compiler takes, and each curve is drawn with its limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from accompanist.language.compile import compile_file
from ops.bench.scaling import project
from ops.bench.scaling.__main__ import NAMES, REPLICAS, ROLES, drawn

FILE = "/project/rings.py"


def test_the_rings_compile() -> None:
    found = compile_file(FILE, root="/project", read={FILE: project.rings(ROLES)}.get)
    assert found.ok, found.diagnostics


def test_neighbours_in_a_ring_are_at_different_services() -> None:
    assert "def ring4(r0: S0, r1: S1, r2: S2, r3: S3, value" in project.rings([4])
    assert "def ring8(r0: S0, r1: S1, r2: S2, r3: S3, r4: S0" in project.rings([8])


def test_each_replica_answers_at_an_address_of_its_own() -> None:
    lines = project.procfile(Path("/project"), max(REPLICAS)).splitlines()
    assert len(lines) == len(project.SERVICES) * (max(REPLICAS) + 1)
    assert sum("S0_API=" in line for line in lines) == max(REPLICAS) - 1
    assert project.replica(Path("/run/x"), "s0", 2) == "http+unix:/run/x/s0-2-api.sock"
    assert any("$ACCOMPANIST_RUN/s0-2-api.sock" in line for line in lines)


@pytest.mark.parametrize("name", NAMES)
def test_every_curve_has_a_limit(name: str) -> None:
    figures = ("p50 ms @1", "sagas/s", "CPU ms/saga", "WAL KiB", "plain WAL KiB", "plain CPU ms")
    points = [{"size": size, **dict.fromkeys(figures, size)} for size in (2.0, 4.0)]
    assert any(curve.limit and curve.limit_says for curve in drawn(name, points))
