"""The demo's scenes, and the quick ones a second time on the same data."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from ops import demo
from ops.scenes import Scene
from ops.stage import Stage

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    directory = tmp_path_factory.mktemp("demo")
    with demo.deployment(directory) as stage:
        yield stage
    # started by root, Postgres keeps its files where its own user can reach them
    shutil.rmtree((directory / "postgres").resolve(), ignore_errors=True)


TWICE = [*((*one, "first") for one in demo.SCENES), *((*one, "again") for one in demo.SCENES[:6])]


@pytest.mark.parametrize(("name", "scene", "time"), TWICE, ids=[f"{name}-{time}" for name, _, time in TWICE])
def test_every_scene_ends_as_it_must(playing: Stage, name: str, scene: Scene, time: str) -> None:
    [told] = demo.play(playing, lambda one: None, [(name, scene)])
    assert told.right, told
