"""Reads conformance cases: JSON files, each a list of cases, each a list of steps.

`tests/conformance/README.md` describes the format. An unknown word is an error, so that no typo skips an
expectation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import accompanist
from accompanist.errors import OperatorError, catalogue

BAD_CASES = catalogue(
    "ACC530",
    "conformance cases cannot be read",
    "Cases are JSON files in one directory, as tests/conformance/README.md describes them.",
    "Correct the file that is named, or leave --cases out for the cases of this program.",
)

PLAIN, FENCED = "plain", "fenced"
LEVELS = (PLAIN, FENCED)
"""The conformance levels of a worker; the second includes the first."""

TRANSPORTS = ("stream", "http")

_CALL = {"call", "params", "site", "key", "role", "session", "meta", "as", "times", "expect"}
STEPS: dict[str, set[str]] = {
    "call": _CALL,
    "together": {"together", "order"},
    "send": {"send", "id", "expect"},
    "stream": {"stream", "expect"},
    "http": {"http"},
    "http_bytes": {"http_bytes", "expect"},
    "hang_up": {"hang_up"},
    "ledger": {"ledger", "drawer"},
    "said": {"said", "expect"},
    "either": {"either"},
}
"""The keys that each kind of step may have."""

_EXPECT = {"result", "error", "reason", "same_as", "any_of", "closed", "nothing", "status", "batch"}


@dataclass(frozen=True, slots=True)
class ConformanceCase:
    """One case. `transports`: those that it applies to."""

    name: str
    about: str
    level: str
    transports: tuple[str, ...]
    steps: tuple[dict[str, Any], ...]
    file: str


def shipped() -> Path:
    """The directory of the shipped cases; in a checkout they are among the tests."""
    package = Path(accompanist.__file__).parent
    packed = package / "worker" / "conformance" / "cases"
    return packed if packed.is_dir() else package.parent / "tests" / "conformance" / "cases"


def read_all(directory: Path) -> list[ConformanceCase]:
    """The cases of a directory's files, in the order of their names. Raises OperatorError."""
    files = sorted(directory.glob("*.json"))
    if not files:
        raise OperatorError(BAD_CASES, f"{directory} holds no cases")
    cases = [case for file in files for case in _read(file)]
    names = [case.name for case in cases]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise OperatorError(BAD_CASES, f"two cases are called {doubled[0]}")
    return cases


def _read(file: Path) -> list[ConformanceCase]:
    try:
        return [_case(told, file.name) for told in json.loads(file.read_text(encoding="utf-8"))]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise OperatorError(BAD_CASES, f"{file.name}: {type(problem).__name__}: {problem}") from None


def _case(told: dict[str, Any], file: str) -> ConformanceCase:
    unknown = told.keys() - {"name", "about", "level", "transports", "steps"}
    if unknown:
        raise ValueError(f"{told.get('name')}: {min(unknown)} is not part of a case")
    case = ConformanceCase(
        name=told["name"],
        about=told["about"],
        level=told["level"],
        transports=tuple(told.get("transports", TRANSPORTS)),
        steps=tuple(told["steps"]),
        file=file,
    )
    if case.level not in LEVELS or not set(case.transports) <= set(TRANSPORTS) or not case.steps:
        raise ValueError(f"{case.name}: level, transports or steps")
    for step in case.steps:
        _check(step, case.name)
    return case


def verb(step: dict[str, Any]) -> str:
    """The kind of a step. Raises ValueError."""
    for word in STEPS:
        if word in step:
            return word
    raise ValueError(f"a step that is none of {', '.join(STEPS)}")


def _check(step: dict[str, Any], name: str) -> None:
    word = verb(step)
    if unknown := step.keys() - STEPS[word]:
        raise ValueError(f"{name}: {min(unknown)} does not go with {word}")
    for one in step.get("together", []) + ([step["hang_up"]] if word == "hang_up" else []):
        _check(one, name)
    for inner in (inner for branch in step.get("either", []) for inner in branch):
        _check(inner, name)
    _check_expectation(step.get("expect"), name)


def _check_expectation(expect: dict[str, Any] | None, name: str) -> None:
    if expect is None:
        return
    if not expect or (unknown := expect.keys() - _EXPECT):
        raise ValueError(f"{name}: {min(unknown) if expect else 'nothing'} is not to be expected")
    for one in expect.get("any_of", []):
        _check_expectation(one, name)
