"""Runs SPIN on a model: `spin` makes a C program of it, a C compiler compiles that, and it searches.

Nothing is approximated: the search is full and without SPIN's own partial-order reduction. What the program says of a
search that it did not finish (too deep, too much memory) raises, and is no verdict.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.model.promela import MODEL

HOW_TO_GET_IT = "apt-get install --no-install-recommends spin gcc libc6-dev"
_COMPILER = ["-w", "-DNOREDUCE", "-DNFAIR=5", "-DMEMLIM=4000"]
_SEARCH = ("-m100000", "-w20")
_LARGE_BYTES = 100_000
"""A model of this size takes longer to search than to optimise."""
_SECONDS_MAX = 300.0
_stored = re.compile(r"^\s*(\d+) states, stored", re.MULTILINE)
_errors = re.compile(r"errors: (\d+)")
_UNFINISHED = ("max search depth too small", "out of memory", "Search not completed", "memory limit")


class SpinVerdict(NamedTuple):
    """How many states SPIN met, whether it came only to places that the model has, whether every fair run ends, and how
    long it took."""

    states: int
    known: bool
    ends: bool
    seconds: float


def missing() -> str:
    """What has to be installed, as one line; empty if nothing has to be."""
    absent = [name for name, found in (("spin", shutil.which("spin")), ("a C compiler", _cc())) if not found]
    return f"{' and '.join(absent)} not found; on Debian: {HOW_TO_GET_IT}" if absent else ""


def check(files: Mapping[str, str]) -> SpinVerdict:
    """Search a model. Raises RuntimeError where SPIN does not come to a verdict."""
    began = time.monotonic()
    with _program(files) as program:
        known = _searched(program, "-N", "known")
        ends = _searched(program, "-a", "-f", "-N", "ends")
        found = _stored.search(known)
        assert found, known
        return SpinVerdict(int(found[1]), _holds(known), _holds(ends), time.monotonic() - began)


@contextmanager
def _program(files: Mapping[str, str]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text)
        level = "-O1" if sum(map(len, files.values())) > _LARGE_BYTES else "-O0"
        _run(folder, "spin", "-a", MODEL)
        _run(folder, _cc() or "cc", level, *_COMPILER, "-o", "pan", "pan.c")
        yield Path(folder, "pan")


def _searched(program: Path, *claim: str) -> str:
    told = _run(str(program.parent), str(program), *claim, *_SEARCH)
    if not _errors.search(told) or (_holds(told) and any(mark in told for mark in _UNFINISHED)):
        raise RuntimeError(f"SPIN did not finish: {told}")
    return told


def _holds(told: str) -> bool:
    found = _errors.search(told)
    return found is not None and found[1] == "0"


def _run(folder: str, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS_MAX, check=False, stdin=subprocess.DEVNULL
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-1000:]}{done.stderr[-1000:]}")
    return done.stdout


def _cc() -> str | None:
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
