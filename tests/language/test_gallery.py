"""The gallery: each choreography of the literature gives the answers that stand below it, however it is run.

By direct reading, as projections that talk in any order, and by the real runtime in `testing.Saga`.
"""

from __future__ import annotations

import ast
import importlib
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from accompanist.language import direct
from accompanist.language.compile import compile_file
from accompanist.language.program import Choreography
from accompanist.language.source import Source
from accompanist.language.superfluous import warnings
from accompanist.testing import Saga
from tests.language.programs import ROOT, World, read

FOLDER = ROOT / "workers" / "gallery"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
SEEDS = 5


@cache
def shown(name: str) -> tuple[Choreography, ModuleType]:
    path = FOLDER / f"{name}.py"
    result = compile_file(str(path), root=str(ROOT), read=read)
    assert result.ok, [found.text for found in result.diagnostics]
    source = Source.of(str(path), path.read_text())
    for choreography in result.choreographies:
        assert [one.text for one in warnings(choreography, source)] == []
    return result.choreographies[-1], importlib.import_module(f"workers.gallery.{name}")


CASES = [
    pytest.param(name, number, id=f"{name}-{number}")
    for name in NAMES
    for number in range(len(importlib.import_module(f"workers.gallery.{name}").ARGUMENTS))
]


def test_there_are_some() -> None:
    assert len(NAMES) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_it_says_in_ten_lines_what_it_shows_and_where_it_is_from(name: str) -> None:
    text = ast.get_docstring(ast.parse(Path(FOLDER / f"{name}.py").read_text())) or ""
    assert "\nSource: " in text
    assert 9 <= len(text.splitlines()) <= 16
    choreography, module = shown(name)
    assert choreography.name == name
    assert len(module.RESULTS) == len(module.ARGUMENTS) > 0


@pytest.mark.parametrize(("name", "number"), CASES)
def test_its_answer_is_what_stands_below_it(name: str, number: int) -> None:
    choreography, module = shown(name)
    arguments, answer = module.ARGUMENTS[number], module.RESULTS[number]
    told = direct.run(choreography, arguments, direct.workers(module.WORKERS))
    assert (told.result, told.aborted) == (answer, answer is None)
    for seed in range(SEEDS):
        world = World(choreography, arguments, direct.workers(module.WORKERS), seed).run()
        assert (world.aborted is not None) is (answer is None)
        if answer is not None:
            assert (world.stuck, world.results[str(choreography.initiator)]) == ([], answer)


@pytest.mark.parametrize(("name", "number"), CASES)
def test_a_saga_gives_it_too(name: str, number: int) -> None:
    _, module = shown(name)
    arguments, answer = module.ARGUMENTS[number], module.RESULTS[number]
    saga = Saga(FOLDER / f"{name}.py", name, workers=module.WORKERS, arguments=arguments).run()
    outcome: tuple[Any, ...] = (saga.outcome, saga.result if answer is not None else None)
    assert outcome == ("ended" if answer is None else "settled", answer)
