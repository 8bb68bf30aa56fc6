"""The style of the house, as far as a test can hold it."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from accompanist.cli.explain import load_catalogue
from accompanist.errors import CATALOGUE

ROOT = Path(__file__).parents[2]
TREES = ("accompanist", "migrations", "ops", "tests", "workers")

file_lines_max = 500
function_lines_max = 70
prose_bytes_max = 120

DRAWERS = {"manager", "handler", "util", "utils", "helper", "helpers", "common", "misc", "base"}
"""Names that say nothing, so that everything fits in."""

SQL = re.compile(
    r"\b(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|SCHEMA|ROLE|FUNCTION)|ALTER\s+ROLE)\b",
    re.DOTALL,
)
SQL_PLACES = ("accompanist/log/", "accompanist/worker/", "migrations/", "workers/", "ops/", "tests/")
"""Where SQL may stand: the log, the fence, revisions, a worker's own business, and what operates or tests them."""

PLACES = re.compile(r"(?<![\w.])/(work|home|root|Users)/[a-z]")
MIRRORS = re.compile(r"(index-url|extra-index|find-links|artifactory|nexus\.|\bmirror\.)", re.IGNORECASE)
TEXT = {".py", ".md", ".toml", ".sql", ".lock", ".yml", ".yaml", ".json", ".ini", ".cfg", ".mako", ".sh", ""}


def sources() -> Iterator[Path]:
    for tree in TREES:
        yield from sorted((ROOT / tree).rglob("*.py"))


def shown(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_no_file_is_longer_than_one_can_hold_in_mind() -> None:
    long = [shown(file) for file in sources() if len(file.read_text().splitlines()) > file_lines_max]
    assert not long, f"over {file_lines_max} lines: {long}"


@cache
def marked(file: Path) -> tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Constant, ...]:
    """What the rules look at in a file: its functions, its classes, its literals."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Constant)
    return tuple(node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, kinds))


def test_functions_fit_a_screen() -> None:
    long = [
        f"{shown(file)}:{node.lineno} {node.name}"
        for file in sources()
        for node in marked(file)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > function_lines_max
    ]
    assert not long, f"over {function_lines_max} lines: {long}"


def test_no_file_is_a_drawer() -> None:
    drawers = [shown(file) for file in sources() if set(file.stem.lower().split("_")) & DRAWERS]
    assert not drawers, drawers


def test_no_class_is_a_manager_or_a_handler() -> None:
    found = [
        f"{shown(file)}:{node.lineno} {node.name}"
        for file in sources()
        for node in marked(file)
        if isinstance(node, ast.ClassDef)
        and node.name.lower().endswith(("manager", "handler", "helper", "util", "utils"))
    ]
    assert not found, found


def test_every_module_says_what_it_is() -> None:
    silent = [
        shown(file)
        for file in sorted((ROOT / "accompanist").rglob("*.py"))
        if (tree := ast.parse(file.read_text())).body and not ast.get_docstring(tree)
    ]
    assert not silent, silent


def test_sql_stands_where_the_database_is() -> None:
    found = [
        f"{shown(file)}:{node.lineno}"
        for file in sources()
        if not shown(file).startswith(SQL_PLACES)
        for node in marked(file)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value)
    ]
    assert not found, found


# -- errors ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def codes() -> set[str]:
    load_catalogue()
    return set(CATALOGUE)


def test_every_code_that_the_program_names_is_in_the_catalogue(codes: set[str]) -> None:
    named = {
        (shown(file), code)
        for file in sorted((ROOT / "accompanist").rglob("*.py"))
        for code in re.findall(r"\bACC\d{3}\b", file.read_text())
    }
    examples = {"ACC000"}
    assert not {(file, code) for file, code in named if code not in codes | examples}


def test_every_code_has_a_title_a_why_and_a_remedy(codes: set[str]) -> None:
    for code in sorted(codes):
        told = CATALOGUE[code]
        assert re.fullmatch(r"ACC\d{3}", code), code
        assert told.title and not told.title.endswith("."), f"{code}: a title is no sentence"
        assert len(told.why) > 20 and told.why.endswith("."), f"{code}: say why, in sentences"
        assert len(told.remedy) > 10 and told.remedy.endswith("."), f"{code}: say what to do, in sentences"


# -- the tree ----------------------------------------------------------------------------------------


def tracked() -> list[Path]:
    """What is in the repository: generated and local files are nobody's business."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    names = listed.stdout.decode().split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def test_nothing_names_the_place_it_was_made_at() -> None:
    """Reason: a clone must work anywhere, and installs from wherever its user installs."""
    found = []
    for file in tracked():
        if file.suffix not in TEXT or file == Path(__file__):
            continue
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
            if PLACES.search(line) or (MIRRORS.search(line) and file.suffix in (".lock", ".toml", "")):
                found.append(f"{shown(file)}:{number}: {line.strip()[:80]}")
    assert not found, "\n".join(found)


def test_the_lock_pins_by_hash() -> None:
    pins = re.findall(r"^([\w.-]+)==\S+( ;.*)? \\$", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    assert len(pins) > 20, "every pin of the lock goes on with its hashes"


def test_lines_of_prose_are_no_wider_than_those_of_programs() -> None:
    """Reason: they are read beside them, and compared line by line. Tables and pictures cannot be wrapped."""
    wide = [
        f"{shown(file)}:{number}"
        for file in tracked()
        if file.suffix == ".md"
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if len(line.encode()) > prose_bytes_max and not line.startswith("|") and not re.search("[│─]", line)
    ]
    assert not wide, f"over {prose_bytes_max} bytes: {wide}"


def test_the_package_says_that_it_is_typed() -> None:
    """Without the marker a user's mypy takes every word of a choreography for `Any`."""
    assert (ROOT / "accompanist" / "py.typed").exists()
