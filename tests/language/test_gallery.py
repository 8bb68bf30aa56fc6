"""The gallery: each choreography of the literature says where it is from, and a test with fakes gives its answers.

That it comes to them by direct reading is in `test_corpus`; that projections and the runtime in seeded worlds do too,
in `test_must_pass` and `tests/simulation/test_must_pass.py`; that real sidecars on a real Postgres do, in
`tests/sidecar/test_gallery.py`.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from accompanist.language.shown.superfluous import warnings
from accompanist.language.text.source import Source
from accompanist.testing import Saga
from tests.language.programs import CORPUS, GALLERY, module_of, must_pass, path_of

CASES = [
    pytest.param(name, number, id=f"{name}-{number}")
    for name in CORPUS
    for number in range(len(module_of(name).ARGUMENTS))
]


@pytest.mark.parametrize("name", CORPUS)
def test_it_says_in_ten_lines_what_it_shows_and_where_it_is_from(name: str) -> None:
    path: Path = GALLERY / f"{name}.py"
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert "\nSource: " in text
    assert 9 <= len(text.splitlines()) <= 16
    choreography, module = must_pass(name)
    assert choreography.name.startswith(name)
    assert len(module.RESULTS) == len(module.ARGUMENTS) > 0


@pytest.mark.parametrize("name", CORPUS)
def test_nothing_in_it_could_be_left_out(name: str) -> None:
    path = path_of("must_pass", name)
    choreography, _ = must_pass(name)
    assert [one.text for one in warnings(choreography, Source.of(str(path), path.read_text()))] == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "number"), CASES)
def test_a_saga_with_fakes_gives_its_answers(name: str, number: int) -> None:
    _, module = must_pass(name)
    saga = Saga(
        GALLERY / f"{name}.py",
        must_pass(name)[0].name,
        workers=module.WORKERS,
        arguments=module.ARGUMENTS[number],
    ).run()
    assert saga.outcome in ("settled", "ended")
    found = saga.result if saga.outcome == "settled" else f"undone: {saga.reason}"
    assert found == module.RESULTS[number]
