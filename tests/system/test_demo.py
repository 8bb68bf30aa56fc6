"""The demo's scenes, and the quick ones once more on the same data."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence

import pytest

from ops import demo
from ops.scenes import Scene
from ops.stage import Stage


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("demo")
    with demo.deployment(directory) as stage:
        yield stage
    # started by root, Postgres keeps its files where its own user can reach them
    shutil.rmtree((directory / "postgres").resolve(), ignore_errors=True)


@pytest.mark.parametrize("scenes", [demo.SCENES, demo.SCENES[:6]], ids=["all", "the first six again"])
def test_every_scene_ends_as_it_must(playing: Stage, scenes: Sequence[tuple[str, Scene]]) -> None:
    told = demo.play(playing, lambda one: None, scenes)
    assert len(told) == len(scenes)
    assert [one for one in told if not one.right] == []
