"""The demo's scenes, twice in a row on the same data."""

from __future__ import annotations

import pytest

from ops import demo


@pytest.mark.parametrize("turn", [1, 2])
def test_every_scene_ends_as_it_must(stage: demo.Stage, turn: int) -> None:
    told = demo.play(stage.running, stage.crash, lambda one: None)
    assert len(told) == len(demo.SCENES)
    assert [one for one in told if not one.right] == []
