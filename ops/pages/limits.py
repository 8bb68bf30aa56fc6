"""The part of docs/limits.md: every bound of `accompanist/limits.py`, with its comment."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from accompanist import limits
from ops.pages._tables import table

SECTION = "# -- "
BEYOND = "Beyond: "


class Bound(NamedTuple):
    name: str
    what: str
    beyond: str


def parts() -> dict[str, str]:
    return {"limits": "\n".join(_section(title, bounds) for title, bounds in sections())}


def _section(title: str, bounds: list[Bound]) -> str:
    rows = ([f"`{one.name}`", shown(one.name, getattr(limits, one.name)), one.what, one.beyond] for one in bounds)
    return f"### {title[0].upper()}{title[1:]}\n\n" + table(["name", "value", "what it bounds", "beyond it"], rows)


def sections() -> Iterator[tuple[str, list[Bound]]]:
    """The bounds in their order, by the headings between them."""
    text = Path(limits.__file__).read_text()
    lines = text.splitlines()
    title, bounds = "", list[Bound]()
    begins = {node.lineno: node for node in ast.parse(text).body if isinstance(node, ast.Assign)}
    above: list[str] = []
    for number, line in enumerate(lines, 1):
        if line.startswith(SECTION):
            if bounds:
                yield title, bounds
            title, bounds, above = line.removeprefix(SECTION).rstrip("- "), [], []
        elif number in begins:
            _, _, beside = line.partition("  # ")
            what, _, beyond = " ".join([*above, beside]).strip().partition(BEYOND)
            [target] = begins[number].targets
            name = ast.unparse(target)
            assert what, f"nothing is said of {name}"
            bounds.append(Bound(name, what.strip(), beyond.strip().removesuffix(".")))
            above = []
        elif line.startswith("# "):
            above.append(line.removeprefix("# "))
        else:
            above = []
    yield title, bounds


_TIMES = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s"))
_COUNTED = {"chars": "characters", "digits": "digits", "rows": "rows"}
_BYTES = ((1_048_576, "MiB"), (1_024, "KiB"))


def shown(name: str, value: float) -> str:
    """A value with its unit, as people read it."""
    words = name.split("_")
    if {"ms", "s", "seconds"} & set(words):
        return _time(value / 1_000 if "ms" in words else float(value))
    if "days" in words:
        return f"{value} d"
    if "share" in words:
        return f"{value:.0%}"
    if "bytes" in words:
        for size, unit in _BYTES:
            if value >= size and value * 4 % size == 0:
                return f"{value / size:g} {unit}"
        return f"{value:,} bytes"
    unit = next((unit for word, unit in _COUNTED.items() if word in words), "")
    return f"{value:,} {unit}".strip()


def _time(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1_000:g} ms"
    for size, unit in _TIMES:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds:g} s"
