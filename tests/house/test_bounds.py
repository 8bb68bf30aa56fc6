"""The bounds of every border stand in accompanist/limits.py, its unit last, and is used.

What only searches or tests has bounds of its own: they are its user's, who waits for it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from accompanist import limits

PACKAGE = Path(__file__).parents[2] / "accompanist"
SEARCHES = ("model/", "simulation/", "testing/", "worker/conformance/")
UNITS = {"max", "min", "ms", "s", "days", "bytes", "chars", "digits", "rows", "count", "share"}
IN_TIME = {
    "timeout",
    "timeout_ms",
    "timeout_s",
    "shutdown_timeout",
    "command_timeout",
    "keepalive_timeout",
    "maxsize",
    "lingering_time",
}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(PACKAGE)
        if not place.as_posix().startswith((*SEARCHES, "limits.py")):
            yield f"accompanist/{place}", ast.parse(file.read_text())


def is_number(value: ast.expr | None) -> bool:
    """Whether it is a number that was written down, or reckoned from such."""
    if isinstance(value, ast.BinOp):
        return is_number(value.left) and is_number(value.right)
    return isinstance(value, ast.Constant) and isinstance(value.value, int | float) and value.value is not True


def named(node: ast.Assign | ast.AnnAssign) -> Iterator[tuple[str, ast.expr | None]]:
    """Each name with what it is given."""
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            yield from ((ast.unparse(name), value) for name, value in zip(target.elts, node.value.elts, strict=False))
        else:
            yield ast.unparse(target), node.value


def test_no_module_has_a_bound_of_its_own() -> None:
    found = [
        f"{place}:{node.lineno} {name}"
        for place, module in modules()
        for node in module.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for name, value in named(node)
        if is_number(value) and name.lower().rsplit("_", 1)[-1] in UNITS and "_" in name.strip("_")
    ]
    assert not found, "\n".join(found)


def test_no_call_waits_for_a_time_of_its_own() -> None:
    found = []
    for place, module in modules():
        for node in ast.walk(module):
            if not isinstance(node, ast.Call):
                continue
            last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [key.value for key in node.keywords if key.arg in IN_TIME]
            if last in ("timeout", "sleep", "settimeout"):
                given += node.args
            if any(is_number(value) and ast.unparse(value) != "0" for value in given):
                found.append(f"{place}:{node.lineno} {ast.unparse(node)}")
    assert not found, "\n".join(found)


def bounds() -> list[str]:
    return [name for name in vars(limits) if not name.startswith("_")]


def test_a_bound_says_its_unit_last() -> None:
    assert not [name for name in bounds() if name.rsplit("_", 1)[-1] not in UNITS]


def test_every_bound_is_used() -> None:
    """One that nothing reads bounds nothing, and whoever changes it believes otherwise."""
    told = "\n".join(file.read_text() for file in PACKAGE.rglob("*.py"))
    unused = {name for name in bounds() if not re.search(rf"\blimits\.{name}\b", told) and not _within(name)}
    assert not unused


def _within(name: str) -> bool:
    """Whether another bound is reckoned from it."""
    return len(re.findall(rf"\b{name}\b", (PACKAGE / "limits.py").read_text())) > 1
