"""What is said of a function that Python calls with each of several values, as `map(float, words)` does.

What it is called with has no name there. It is given one, in a form that the author can write.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Set
from dataclasses import replace

from accompanist.language.checks.functions.body_types import EACH
from accompanist.language.checks.raising.looked_at import Partial
from accompanist.language.text.instead import shown

_NUMBERED = re.compile(re.escape(EACH) + r"\d*")


_FREE = ("one", "item", "part", "each_one")


def of_items(found: Partial, node: ast.Call, taken: Set[str]) -> Partial:
    """The same with a name for what the function is called with. `taken`: names that have a value already."""
    name = next((one for one in _FREE if one not in taken), "_")
    whole = f"{found.why} {found.instead}"
    if EACH not in whole:
        return found
    given = node.args[1:] if isinstance(node.func, ast.Name) and node.func.id in ("map", "filter") else node.args[:1]
    names = [name] if len(given) < 2 else [f"{name}{at}" for at in range(1, len(given) + 1)]
    instead = _written(_named(found.instead, names), node, names, given)
    said = names if instead or not given else [f"an item of {shown(one)}" for one in given]
    return replace(found, why=_named(found.why, said), instead=instead)


def _named(text: str, names: list[str]) -> str:
    return _NUMBERED.sub(lambda one: names[min(int(one[0].removeprefix(EACH) or 0), len(names) - 1)], text)


def _written(instead: str, node: ast.Call, names: list[str], given: list[ast.expr]) -> str:
    """What is written instead, with what it is written in."""
    if " else …" not in instead:
        return instead
    match node.func:
        case ast.Name(id="map") if len(given) == 1:
            return f"[{instead} for {names[0]} in {shown(given[0])}]"
        case ast.Name(id="map"):
            return f"[{instead} for {', '.join(names)} in zip({', '.join(map(shown, given))})]"
        case ast.Name(id="filter"):
            return ""
    return f"key=lambda {names[0]}: {instead}"
