"""Which message classes are read and written as they are: no code of theirs runs, and no default that is not sent comes
out as something else (`amount: float = 0` is an int until it has been written once).

A value of any other class may be another one after a journey. Nothing is wrong with that: `as_sent` is put around it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from accompanist.language.types import Type

_RUNS = frozenset({"__post_init__", "__init__", "__new__", "__setattr__", "__getattribute__", "__getattr__"}) | {
    "_missing_"
}
_HARMLESS = frozenset({"frozen", "slots", "order", "kw_only", "tag", "tag_field", "forbid_unknown_fields"})
"""Keywords of `@dataclass(…)` and `class …(Struct, …)` that change nothing of how values are read."""


def is_plain(node: ast.ClassDef, kind: Callable[[ast.expr], Type]) -> bool:
    """Whether values of a class are read as they were written. `kind` reads an annotation of its module."""
    if any(isinstance(part, ast.FunctionDef) and part.name in _RUNS for part in node.body):
        return False
    calls = [decorator for decorator in node.decorator_list if isinstance(decorator, ast.Call)]
    keywords = [*node.keywords, *(keyword for call in calls for keyword in call.keywords)]
    if not {keyword.arg for keyword in keywords} <= _HARMLESS:
        return False
    given = (part for part in node.body if isinstance(part, ast.AnnAssign) and part.value is not None)
    return all(_of_its_type(part.value, kind(part.annotation)) for part in given if part.value is not None)


def _of_its_type(default: ast.expr, declared: Type) -> bool:
    default = default.operand if isinstance(default, ast.UnaryOp) else default
    if not isinstance(default, ast.Constant):
        return False
    if (declared.module, declared.name) == ("typing", "Literal"):
        return True
    name = "None" if default.value is None else type(default.value).__name__
    return any((option.module, option.name) == ("", name) for option in declared.options)
