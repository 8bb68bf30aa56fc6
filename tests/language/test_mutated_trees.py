"""`check` answers whatever Python it is given: with diagnostics, never with a traceback.

ACCOMPANIST_MUTANTS=100000 pytest tests/language/test_mutated_trees.py     more of them than `make test` takes
"""

from __future__ import annotations

import ast
import os
import random
import traceback
import warnings

import pytest

from accompanist.language.compile import compile_file
from accompanist.language.shown.report import ReportOptions, check_report
from accompanist.language.shown.sarif import sarif
from accompanist.language.shown.superfluous import warnings as superfluous
from accompanist.language.text.source import Source
from tests.language.programs import GALLERY, HERE, ROOT, read
from tests.language.trees import mutant

FILES = [path for one in (HERE / "must_pass", GALLERY, HERE / "must_fail") for path in sorted(one.glob("*.py"))]
FILES += [ROOT / "workers" / "orders" / f"{name}.py" for name in ("choreography", "approval", "standing")]
TEXTS = {str(path): text for path in FILES if (text := path.read_text()).strip()}
BESIDE = {  # what a choreography imports is read as well
    str(ROOT / "workers" / "orders" / f"{name}.py"): (ROOT / "workers" / "orders" / f"{name}.py").read_text()
    for name in ("roles", "messages")
}
ORDERS = str(ROOT / "workers" / "orders" / "choreography.py")
MUTANTS = int(os.environ.get("ACCOMPANIST_MUTANTS", "1000"))
PARTS = 10


def program(chance: random.Random) -> tuple[str, dict[str, str]] | None:
    """A file to check, and the texts of the project that are other than on disk."""
    foreign = TEXTS[chance.choice(list(TEXTS))]
    changed = chance.choice(list(BESIDE)) if chance.random() < 0.1 else chance.choice(list(TEXTS))
    text = (BESIDE | TEXTS)[changed]
    try:
        made = mutant(chance, text, foreign, chance.choice([1, 1, 2, 3, 6]))
    except (ValueError, RecursionError, AttributeError, TypeError, IndexError):  # no tree that can be written as Python
        return None
    return (ORDERS if changed in BESIDE else changed), {changed: made}


def answer(path: str, texts: dict[str, str]) -> None:
    def reading(asked: str) -> str | None:
        return texts.get(asked) or read(asked)

    with warnings.catch_warnings(action="ignore"):  # Python's own remarks on strange literals
        result = compile_file(path, root=str(ROOT), read=reading)
        warned = ()
        if result.ok:
            source = Source.of(path, reading(path) or "")
            warned = tuple(found for one in result.choreographies for found in superfluous(one, source))
        check_report(result, warned, ReportOptions(True, True))
        sarif(result.diagnostics, warned)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_check_answers(part: int) -> None:
    failed: dict[str, str] = {}
    made = 0
    for number in range(part, MUTANTS, PARTS):
        found = program(random.Random(number))
        if found is None:
            continue
        made += 1
        try:
            answer(*found)
        except Exception as problem:
            frames = traceback.extract_tb(problem.__traceback__)[-3:]
            where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
            failed.setdefault(f"{type(problem).__name__}: {problem} ({where})", f"number {number}")
    assert made > MUTANTS / PARTS / 2
    assert not failed, "\n".join(f"{number}: {problem}" for problem, number in failed.items())


def test_a_type_is_named_with_its_module() -> None:
    """`module.X`, of a module that is not in the project: the program says where it is from, and is Python."""
    text = """
import pkg.mod
from accompanist import At, Role, choreography, transaction


class A(Role):
    @transaction
    def f(self, x: int) -> pkg.mod.Order: ...
    @f.compensation
    def g(self, x: int) -> None: ...


@choreography
def saga(a: A, x: At[int, "a"]) -> At[int, "a"]:
    order = a.f(x)
    return x
"""
    [made] = compile_file("saga.py", root=".", read={"saga.py": text}.get).choreographies
    source = made.projections["a"].source
    ast.parse(source)
    assert "from pkg import mod\n\nOrder = mod.Order\n" in source


def test_what_a_role_offers_was_refused_and_two_choreographies_ask_for_it() -> None:
    """It is said once, where it stands, and no program is written with it."""
    text = """
from accompanist import At, Role, choreography, query


class A(Role):
    @query
    def f(self, x: int) -> nowhere.X: ...


@choreography
def inner(a: A, x: At[int, "a"]) -> At[int, "a"]:
    y = a.f(x)
    return x


@choreography
def outer(a: A, x: At[int, "a"]) -> At[int, "a"]:
    return inner(a, x)
"""
    found = compile_file("saga.py", root=".", read={"saga.py": text}.get)
    assert [(one.code, one.line) for one in found.diagnostics] == [("ACC140", 7)]
