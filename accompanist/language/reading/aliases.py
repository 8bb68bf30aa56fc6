"""Names of enum members that are other names of earlier ones: Python makes one member of two that stand for one value.

What a member stands for is read where it is written: a text, an integer, an earlier member, `auto()`. Of any other
value, and of a class that makes its members with code of its own, nothing is said: each name is a member then.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from accompanist.language.reading import annotation, members
from accompanist.language.reading.modules import Module, Modules

Value = str | int
_MAKES = frozenset({"__new__", "__init__", "_generate_next_value_"})


def aliases(modules: Modules, module: Module, node: ast.ClassDef) -> dict[str, str]:
    """Of an enum: the member that each alias stands for."""
    kinds = [_base(modules, module, base) for base in node.bases]
    named = list(_assigned(node))
    own = any(isinstance(part, ast.FunctionDef) and part.name in _MAKES for part in node.body)
    if own or node.keywords or "" in kinds or any(name == "_ignore_" for name, _ in named):
        return {}
    found: dict[str, str] = {}
    first: dict[tuple[type, Value], str] = {}
    values: dict[str, Value | None] = {}
    for name, written in named:
        if _is_auto(modules, module, written):
            value = _generated(name, list(values.values()), kinds)
        else:
            value = _value(written, values)
        values[name] = value
        if value is not None and first.setdefault((type(value), value), name) != name:
            found[name] = first[type(value), value]
    return found


def _base(modules: Modules, module: Module, base: ast.expr) -> str:
    """What a member is by this base; empty for one that is not known to leave values as they are."""
    if isinstance(base, ast.Name) and base.id in ("str", "int") and base.id not in module.bound:
        return base.id
    found = annotation.reference(modules, module, base)
    return found.name if found is not None and (found.module, found.name) in members.ENUMS else ""


def _assigned(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for part in node.body:
        if isinstance(part, ast.Assign):
            names = [target.id for target in part.targets if isinstance(target, ast.Name)]
            yield from ((name, part.value) for name in names if name[0] != "_" or name == "_ignore_")


def _is_auto(modules: Modules, module: Module, written: ast.expr) -> bool:
    if not isinstance(written, ast.Call) or written.args or written.keywords:
        return False
    found = annotation.reference(modules, module, written.func)
    return found is not None and (found.module, found.name) == ("enum", "auto")


def _generated(name: str, before: Sequence[Value | None], kinds: Sequence[str]) -> Value | None:
    """What `auto()` stands for. Pythons differ where the last number is not the greatest."""
    if kinds == ["StrEnum"]:
        return name.lower()
    numbers = [value for value in before if isinstance(value, int)]
    if kinds not in (["Enum"], ["IntEnum"]) or len(numbers) < len(before) or numbers[-1:] != sorted(numbers)[-1:]:
        return None
    return numbers[-1] + 1 if numbers else 1


def _value(written: ast.expr, values: dict[str, Value | None]) -> Value | None:
    match written:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=str() | int() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as value)):
            return -value
        case ast.Name(id=name):
            return values.get(name)
    return None
