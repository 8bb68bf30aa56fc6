"""What is said of a call in a @pure function that is not read, and what is written instead of some."""

from __future__ import annotations

import ast

from accompanist.language.checks.raising.looked_at import Partial
from accompanist.language.reading import library
from accompanist.language.text.instead import shown
from accompanist.language.types import Type

_OF_TEXTS = "methods of texts are, such as split, find and isdecimal; or ask a worker by a @query"
_INSTEAD = {"re": _OF_TEXTS, "string": _OF_TEXTS}
"""What is read in the place of a module of Python's own library."""


def function(node: ast.Call) -> Partial:
    """A call of a function that has one name, `mean(values)`, or is of a module, `re.match(…)`."""
    name = shown(node.func)
    told = _INSTEAD.get(name.partition(".")[0], "") if "." in name else ""
    why = f"{name} is none of the functions that are read{told and f': {told}'}"
    if name.rpartition(".")[2] in ("mean", "fmean") and len(node.args) == 1 and _is_plain(node.args[0]):
        values = shown(node.args[0])
        return Partial(node, why, f"sum({values}) / len({values}) if {values} else …")
    return Partial(node, why)


def method(node: ast.Call, owner: ast.expr, name: str, found: Type) -> Partial:
    """A call of a method of a value that is known."""
    match name, node.args:
        case "strftime", [ast.Constant(value=str(spec))] if library.is_moment(found) and _is_plain(owner):
            written = library.written_out(shown(owner), spec) if "%" in spec else ""
            if written:
                return Partial(node, f'strftime is not read; f"{written}" is, and is alike on every machine')
            return Partial(
                node, "strftime is not read: what it writes depends on the machine; day, month and year do not"
            )
    return Partial(node, f"{name} is none of the methods that are read, at {shown(node)}")


def _is_plain(node: ast.expr) -> bool:
    """Whether it is a name, or a part of what has one: it can be written twice."""
    return isinstance(node, ast.Name) or (isinstance(node, ast.Attribute) and _is_plain(node.value))
