"""The generated chains are choreographies that the compiler takes; each sidecar finds the others at ways of its own."""

from __future__ import annotations

from pathlib import Path

from accompanist.language.compile import compile_file
from accompanist.sidecar.config import load
from ops.bench.far import project

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
