"""The demo's scenes, twice in a row on the same data."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from ops import demo
from ops.stage import Stage


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("demo")
    with demo.deployment(directory) as stage:
        yield stage
    # started by root, Postgres keeps its files where its own user can reach them
    shutil.rmtree((directory / "postgres").resolve(), ignore_errors=True)


@pytest.mark.parametrize("turn", [1, 2])
def test_every_scene_ends_as_it_must(playing: Stage, turn: int) -> None:
    told = demo.play(playing, lambda one: None)
    assert len(told) == len(demo.SCENES)
    assert [one for one in told if not one.right] == []
