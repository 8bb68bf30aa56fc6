"""The floors: a package imports from lower floors only. Each rule with the reason it is there for."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "accompanist"

FLOORS = {
    "language": 1,
    "model": 2,
    "runtime": 2,
    "log": 3,
    "rpc": 3,
    "telemetry": 3,
    "worker": 4,
    "sidecar": 4,
    "client": 4,
    "enlist": 5,  # it starts as the client does
    "simulation": 5,  # it runs the sidecar
    "testing": 6,
    "cli": 6,
}

PURE = ("language", "model", "runtime")
WORLD = {
    "asyncio": "what decides must not know that there is an event loop: the simulator has none",
    "asyncpg": "what decides must run without a database: the log is asked through runtime.ports",
    "aiohttp": "what decides must run without a network",
    "time": "a clock that is read is an input that no replay repeats: times come in with events",
    "random": "chance that is drawn is an input that no replay repeats: it comes in with events",
    "secrets": "chance that is drawn is an input that no replay repeats: it comes in with events",
    "os": "files, processes and the environment differ between the run and its replay",
    "socket": "what decides must run without a network",
    "subprocess": "what decides starts nothing",
    "threading": "what decides is driven by one caller at a time, and a thread would be a second",
}

NEIGHBOURS = ("log", "rpc", "telemetry")
BOTTOM = {
    "errors": frozenset[str](),
    "limits": frozenset[str](),
    "crashpoints": frozenset({"accompanist.errors"}),
    "terminal": frozenset[str](),
    "postgres_server": frozenset({"accompanist.limits"}),
    "background": frozenset({"accompanist.limits"}),
}


@cache
def imports(file: Path) -> tuple[tuple[int, str], ...]:
    """(line, module) of every import in a file, wherever it stands, with `from package import module` in full."""
    return tuple(_imports(file))


def _imports(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: imports are absolute, so that floors can be read off them"
            yield from ((node.lineno, f"{node.module}.{name.name}") for name in node.names)


def files(package: str) -> list[Path]:
    return sorted((PACKAGE / package).rglob("*.py"))


def where(file: Path, line: int) -> str:
    return f"accompanist/{file.relative_to(PACKAGE)}:{line}"


def test_every_package_stands_on_a_floor() -> None:
    there = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    assert there <= set(FLOORS), "a new package needs a floor, from which docs/architecture.md is made"


@pytest.mark.parametrize("package", FLOORS)
def test_a_package_imports_lower_floors_only(package: str) -> None:
    """Reason: what is below can be understood, tested and replaced without what is above."""
    wrong = []
    for file in files(package):
        for line, module in imports(file):
            parts = module.split(".")
            other = parts[1] if parts[0] == "accompanist" and len(parts) > 1 else ""
            if other in FLOORS and other != package and FLOORS[other] >= FLOORS[package]:
                wrong.append(f"{where(file, line)}: {package} (floor {FLOORS[package]}) imports {module}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", NEIGHBOURS)
def test_the_packages_of_floor_3_do_not_know_one_another(package: str) -> None:
    """Reason: they implement the ports of the runtime; one that used another could not be replaced alone."""
    wrong = [
        f"{where(file, line)}: {package} imports {module}"
        for file in files(package)
        for line, module in imports(file)
        for other in NEIGHBOURS
        if other != package and (module == f"accompanist.{other}" or module.startswith(f"accompanist.{other}."))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("package", PURE)
def test_what_decides_does_not_touch_the_world(package: str) -> None:
    wrong = []
    for file in files(package):
        for line, module in imports(file):
            top = module.split(".")[0]
            if top in WORLD:
                wrong.append(f"{where(file, line)}: imports {top}: {WORLD[top]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", BOTTOM)
def test_the_bottom_imports_nothing_of_ours(module: str) -> None:
    """Reason: every floor may import these, so they may import none."""
    found = {name for _, name in imports(PACKAGE / f"{module}.py") if name.startswith("accompanist")}
    assert {".".join(name.split(".")[:2]) for name in found} <= BOTTOM[module]


def test_the_words_of_the_language_cost_an_author_nothing() -> None:
    """Reason: `import accompanist` happens in every worker and every choreography, and must not bring the rest
    along."""
    asked = "import sys, accompanist; print(*sorted(name for name in sys.modules if name.startswith('accompanist.')))"
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True).stdout.split()
    wrong = [module for module in told if module.split(".")[1] not in ("language", "errors", "limits")]
    assert not wrong, wrong


def test_only_the_log_and_workers_know_the_driver() -> None:
    """Reason: SQL stands in one place; whoever else has a connection soon has a query. What is `enlist`ed runs over an
    application's connection, and calls functions of the log."""
    wrong = [
        f"{where(file, line)}: imports {module}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for line, module in imports(file)
        if module.split(".")[0] in ("asyncpg", "sqlalchemy", "alembic")
        and file.relative_to(PACKAGE).parts[0] not in ("log", "worker", "enlist")
    ]
    assert not wrong, "\n".join(wrong)


def test_opentelemetry_is_known_to_telemetry_only() -> None:
    """Reason: its API is the part of telemetry most likely to change; names and exporters stand in one package."""
    wrong = [
        f"{where(file, line)}: imports {module}"
        for file in sorted(PACKAGE.rglob("*.py"))
        for line, module in imports(file)
        if module.split(".")[0] == "opentelemetry" and file.relative_to(PACKAGE).parts[0] != "telemetry"
    ]
    assert not wrong, "\n".join(wrong)


def _drawn(file: Path) -> set[str]:
    """What a file imports as it is imported itself: at its top, and not for types alone."""
    found: set[str] = set()
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{name.name}" for name in node.names}
    return found


def _module(name: str, modules: Mapping[str, Path]) -> str | None:
    while name not in modules and "." in name:
        name = name.rpartition(".")[0]
    return name if name in modules else None


def _around(arrows: Mapping[str, set[str]]) -> list[str]:
    """The names that a way of arrows leads back to."""
    left = dict(arrows)
    while ends := [name for name, to in left.items() if not to & left.keys()]:
        for name in ends:
            del left[name]
    return sorted(left)


@cache
def _arrows() -> dict[str, set[str]]:
    modules = {
        ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts): file
        for file in sorted(PACKAGE.rglob("*.py"))
        if file.stem != "__init__"
    }
    return {
        name: {to for module in _drawn(file) if (to := _module(module, modules)) is not None}
        for name, file in modules.items()
    }


def test_no_module_imports_one_that_imports_it() -> None:
    """Reason: of two files that need one another neither can be read, tested or moved alone. What is imported for types
    alone is left out: the parts of a simulated cluster name the cluster that holds them."""
    assert _around(_arrows()) == []


@pytest.mark.parametrize("package", FLOORS)
def test_no_room_imports_one_that_imports_it(package: str) -> None:
    """Reason: rooms are read from the bottom up, as floors are. A room is a package in a package."""
    rooms: dict[str, set[str]] = {}
    for name, to in _arrows().items():
        if name.startswith(f"accompanist.{package}."):
            own = _room(name, package)
            others = {_room(one, package) for one in to if one.startswith(f"accompanist.{package}.")}
            rooms.setdefault(own, set()).update(others - {own})
    assert _around(rooms) == []


def _room(module: str, package: str) -> str:
    """The room of a module; a file that lies in none is one of its own."""
    room = module.rpartition(".")[0]
    return module if room == f"accompanist.{package}" else room
