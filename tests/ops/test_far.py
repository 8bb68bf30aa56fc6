"""The chains are choreographies, the orchestrator does what they do, and each figure stands beside its limit."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

from accompanist.language.compile import compile_file
from accompanist.rpc import meta
from accompanist.runtime.answers import Answer, Fault, Replied
from accompanist.sidecar.config import load
from ops.bench.far import measuring, project
from ops.bench.far.__main__ import drawn, table
from ops.bench.far.measuring import Point
from ops.bench.far.orchestrator import chain

FILE = "/project/chains.py"
LENGTHS = (1, 3, 5)


def test_the_chains_compile() -> None:
    found = compile_file(FILE, root="/project", read={FILE: project.chains(LENGTHS)}.get)
    assert found.ok, found.diagnostics
    assert {one.name for one in found.choreographies} == {f"{kind}{n}" for kind in ("chain", "line") for n in LENGTHS}


def test_two_sidecars_find_a_third_at_different_addresses(tmp_path: Path) -> None:
    project.address_each(tmp_path, tmp_path / "run", LENGTHS)
    urls = {
        speaker: load(tmp_path / f"{speaker}.toml", {}).peers_of(speaker)["s3"].url for speaker in ("front", "s1", "s2")
    }
    assert urls == {speaker: f"http+unix:{tmp_path}/run/{speaker}-to-s3.sock" for speaker in urls}


def test_the_network_of_the_chains_has_the_ways_that_they_need() -> None:
    assert set(measuring.ways(2)) == {("s1", "s2"), ("front", "s1"), ("front", "s2"), ("s1", "front"), ("s2", "front")}


def made(length: int, delay_ms: int, ms: float) -> Point:
    names = ("durable", "volatile", "in a row", "orchestrator", "workers")
    return {"length": length, "delay ms": delay_ms} | {f"{name} p{q}": ms for name in names for q in (25, 50, 75)}


def test_the_limit_is_the_delay_of_the_hops_and_the_time_of_the_workers() -> None:
    """Three services: the client's question, four messages, and the client's answer."""
    assert measuring.limit_ms(made(3, 0, 7.5), 9) == 6 * 9 + 7.5


def test_the_table_has_the_limit_and_the_paper_s_medians() -> None:
    lines = table([made(1, 0, 4), made(1, 9, 50)])
    spread = " | ".join(["50.0 [50.0..50.0]"] * 4)
    assert lines[3] == f"| 1 | 9 | 40.0 | {spread} | 1.00 | 23.8 / 43.6 |"


def test_each_length_has_a_panel_with_its_limit_and_the_paper_s_curves_where_it_has_them() -> None:
    three, seven = drawn([made(length, delay, 4) for length in (3, 7) for delay in (0, 9)])
    assert list(three.limit) == [(0, 4), (9, 6 * 9 + 4)] and three.limit_says == "6 delays and the workers"
    assert three.points["paper's choreography"] == [(0, 7.75), (9, 50.29)]
    assert list(seven.points) == ["durable", "volatile", "in a row", "orchestrator"]


class Step:
    """A worker that appends its name, and faults where it has none."""

    url = "unix:/nowhere"

    def __init__(self, name: str, asked: list[tuple[str, str | None]]) -> None:
        self._name, self._asked = name, asked

    async def call(self, method: str, arguments: bytes, about: bytes, timeout_ms: int) -> Answer:
        self._asked.append((self._name, meta.read(about).idempotency_key))
        value = msgspec.json.decode(arguments)["value"] + self._name
        return Replied(msgspec.json.encode(value)) if self._name else Fault("away")

    async def close(self) -> None: ...


async def test_the_orchestrator_asks_one_worker_after_the_other_each_by_a_key_of_its_own() -> None:
    asked: list[tuple[str, str | None]] = []
    session = uuid4()
    workers = [Step(name, asked) for name in "ab"]
    assert await chain(workers, session, "x") == "xab"
    assert asked == [("a", f"{session}/r1/1/forward"), ("b", f"{session}/r2/2/forward")]


async def test_the_orchestrator_fails_when_a_worker_does_not_reply() -> None:
    with pytest.raises(RuntimeError, match="worker 1 did not do its step"):
        await chain([Step("", [])], uuid4(), "x")
