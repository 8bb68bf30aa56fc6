"""The page for readers of Choral: every program on it is checked, run in three ways, and compared with its answer.

`# refused: CODE` at the end of a line says that the line has to be refused, by this code and no other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from accompanist.language import direct
from accompanist.language.compile import Compiled, compile_file
from accompanist.testing import Declined, Saga
from tests.language.programs import ROOT, World, text

PAGE = (ROOT / "docs" / "from-choral.md").read_text()
HEAD, *PROGRAMS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
_NAME = re.compile(r"^def (\w+)", re.M)
BY_NAME = {_NAME.findall(program)[-1]: program for program in PROGRAMS}
REFUSED = {name for name, program in BY_NAME.items() if "# refused: " in program}

Workers = dict[str, Callable[..., Any]]


def _declines(number: int) -> int:
    raise Declined("no room")


WORKERS: Workers = {f"{role}.ask": lambda number: number + 100 for role in ("a", "b", "c", "second")}
WORKERS |= {f"{role}.keep": lambda number: number * 10 for role in ("a", "b", "server", "first")}
ANSWERS: list[tuple[str, dict[str, Any], Workers, Any]] = [
    ("notify", {"number": 4}, {}, 40),
    ("after_you", {"number": 4}, {}, 107),
    ("consume_items", {"items": [3, 1, 2]}, {}, 3),
    ("consume_items", {"items": []}, {}, 0),
    ("decide", {"number": 10}, {}, 100),
    ("decide", {"number": 9}, {}, 109),
    ("there_and_back", {"number": 1}, {}, 201),
    ("exchanged", {"number": 4}, {}, 111 + 40),
    ("halving", {"number": 5}, {}, 103),
    ("higher_order", {"number": 3}, {}, 12 + 203),
    ("split", {"number": 9}, {}, 4 + 50),
    ("one_or_the_other", {"number": 9}, {}, 90),
    ("one_or_the_other", {"number": 9}, {"a.keep": _declines}, 90),
    ("afford", {"balance": 9, "price": 9}, {}, 90),
    ("afford", {"balance": 8, "price": 9}, {}, 0),
    ("poll", {"number": 1}, {}, 303),
    ("as_many_as_needed", {"number": 5}, {}, 105),
    ("as_many_as_needed", {"number": 6}, {}, 212),
]


def compiled(name: str) -> Compiled:
    return text(f"{HEAD}\n\n{BY_NAME[name]}")


def test_every_program_of_the_page_has_an_answer() -> None:
    assert {name for name, *_ in ANSWERS} == set(BY_NAME) - REFUSED
    assert len(BY_NAME) >= 12


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_is_refused_is_refused_where_the_page_says(name: str) -> None:
    lines = f"{HEAD}\n\n{BY_NAME[name]}".splitlines()
    said = [(number, line.rpartition(": ")[2]) for number, line in enumerate(lines, 1) if "# refused: " in line]
    assert [(one.line, one.code) for one in compiled(name).diagnostics] == said


def _is_known(call: str, known: Mapping[str, Mapping[str, Any]]) -> bool:
    role, _, operation = call.partition(".")
    return operation in known.get(role, {})


@pytest.mark.parametrize(("name", "arguments", "others", "answer"), ANSWERS)
def test_its_answer_is_the_same_however_it_is_run(
    name: str, arguments: dict[str, Any], others: Workers, answer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / f"page_{name}.py"
    file.write_text(f"{HEAD}\n\n{BY_NAME[name]}")
    result = compile_file(str(file), root=str(tmp_path), read=lambda path: Path(path).read_text())
    assert result.ok, [one.text for one in result.diagnostics]
    monkeypatch.syspath_prepend(str(tmp_path))
    choreography = result.choreographies[-1]
    known = {role: choreography.projections[role].operations for role in choreography.roles}
    workers = {key: fake for key, fake in (WORKERS | others).items() if _is_known(key, known)}
    assert direct.run(choreography, arguments, direct.workers(workers)).result == answer
    world = World(choreography, arguments, direct.workers(workers), seed=7).run()
    assert (world.stuck, world.results[str(choreography.initiator)]) == ([], answer)
    saga = Saga(file, name, workers=workers, arguments=arguments).run()
    assert (saga.outcome, saga.result) == ("settled", answer)
