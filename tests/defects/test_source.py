"""What may not stand in the program at all: defects 25, 32, 35 and 36 of the reference implementation.

A walk over the syntax trees of the package. Each rule names who may, and why.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "accompanist"


@cache
def nodes() -> Mapping[str, Sequence[ast.AST]]:
    """What each file consists of, by its path below the package. They are read once."""
    return {
        str(path.relative_to(PACKAGE)): list(ast.walk(ast.parse(path.read_text())))
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def imports() -> Iterator[tuple[str, str]]:
    """(file below the package, module imported)."""
    for path, found in nodes().items():
        for node in found:
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            yield from ((path, name) for name in names)


def calls(name: str) -> Iterator[str]:
    """The files that call a builtin."""
    for path, found in nodes().items():
        for node in found:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield path


SHARED = {
    "telemetry/otlp.py": "the exporter's own thread, which shares a queue with nobody else's state",
    "cli/simulate.py": "seeds are run by processes of their own, which share nothing",
    "testing/real.py": "in a user's tests: a loop in a thread of its own, on which all is done that touches a worker",
    "testing/throwaway.py": "in a user's tests: a thread that makes a database and ends before its caller goes on",
    "worker/adapters/threads.py": "an operation on a blocking driver: one thread has its connection, the loop decides",
}


@pytest.mark.slow
def test_one_thread_touches_sessions_and_connections() -> None:
    """Defects 25 and 35: a channel, and maps of sessions, were used by several threads without a lock. Here everything
    is done on one event loop. Planted: an `import threading` in the sidecar."""
    found = {file for file, name in imports() if name.partition(".")[0] in ("threading", "concurrent", "_thread")}
    assert found <= set(SHARED)


READS_OBJECTS = {
    "simulation/search/workers.py": "a search copies the fake workers of its own process",
    "sidecar/compiling/apart.py": "a sidecar reads what the process that it started has compiled",
    "sidecar/compiling/here.py": "that process reads what it is asked, from the sidecar alone",
}


@pytest.mark.slow
@pytest.mark.parametrize("module", ["pickle", "marshal", "shelve", "dill", "cloudpickle", "yaml"])
def test_nothing_that_came_over_the_network_is_an_object_before_it_was_read(module: str) -> None:
    """Defect 32: every transport deserialised objects from the network, which runs what they say. Here all that
    arrives is JSON, decoded into types that the program knows. Planted: `pickle.loads` of a payload."""
    found = {file for file, name in imports() if name.partition(".")[0] == module}
    assert found <= set(READS_OBJECTS)


@pytest.mark.slow
def test_nothing_is_printed_by_what_runs_beside_a_service() -> None:
    """Defect 36: all logging was by println. Planted: a `print` in a sidecar."""
    assert {file for file in calls("print") if not file.startswith("cli/")} <= {
        "worker/process.py",
        "postgres_server.py",
    }
