"""The part of docs/architecture.md that lists the packages: their floor and what they import."""

from __future__ import annotations

import ast
from pathlib import Path

import accompanist
from ops.pages._tables import table
from tests.house import test_floors as house

PACKAGE = Path(accompanist.__file__).parent


def parts() -> dict[str, str]:
    return {"architecture-packages": _packages(), "architecture-rooms": _rooms()}


def _packages() -> str:
    rows = []
    for name, floor in sorted(house.FLOORS.items(), key=lambda row: (row[1], row[0])):
        rows.append(
            [
                str(floor),
                f"`accompanist/{name}`",
                _first_line(PACKAGE / name / "__init__.py"),
                ", ".join(_imported(name)) or "none",
            ]
        )
    return table(["floor", "package", "what it is", "imports"], rows)


def _rooms() -> str:
    rows = []
    for file in sorted(PACKAGE.rglob("__init__.py")):
        room = file.parent.relative_to(PACKAGE)
        if len(room.parts) > 1 and any(file.parent.glob("[a-z]*.py")):
            rows.append([f"`accompanist/{room}`", _first_line(file)])
    return table(["room", "what is in it"], rows)


def _first_line(file: Path) -> str:
    said = ast.get_docstring(ast.parse(file.read_text()))
    assert said, f"{file} does not say what it is for"
    return said.splitlines()[0].strip()


def _imported(package: str) -> list[str]:
    """The other packages that a package imports, wherever in it."""
    found = {
        module.split(".")[1]
        for file in house.files(package)
        for _, module in house.imports(file)
        if module.startswith("accompanist.") and module.split(".")[1] in house.FLOORS
    }
    return sorted(found - {package})
