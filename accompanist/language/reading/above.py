"""What stands above a function or a class: its decorators, its metaclass, what it derives from outside of the project.

A decorator may put anything in the place of what it stands above. What the language does not know is taken to raise.
"""

from __future__ import annotations

import ast
import builtins

from accompanist.language.reading.annotation import reference
from accompanist.language.reading.modules import Module, Modules

CACHES = frozenset({("functools", "cache"), ("functools", "lru_cache")})
"""Decorators that make a key of what a function is given."""
_KNOWN = CACHES | {
    *(("accompanist", "pure"), ("dataclasses", "dataclass"), ("functools", "total_ordering"), ("enum", "unique")),
    *(("typing", name) for name in ("final", "overload", "override", "runtime_checkable")),
    *(("typing_extensions", name) for name in ("final", "overload", "override")),
}
_BUILTIN = frozenset({"classmethod", "property", "staticmethod"})
_BASES = frozenset(
    {
        *(("msgspec", "Struct"), ("pydantic", "BaseModel"), ("abc", "ABC")),
        *(("enum", name) for name in ("Enum", "IntEnum", "StrEnum")),
        *(("typing", name) for name in ("Generic", "NamedTuple", "Protocol", "TypedDict")),
    }
)


def strange(modules: Modules, home: Module, node: ast.stmt) -> str:
    """Why a definition may be another thing than its text says; empty if it is not."""
    above = node.decorator_list if isinstance(node, ast.FunctionDef | ast.ClassDef) else []
    unknown = [one for one in above if not _is_known(modules, home, one)]
    if unknown:
        return f"what @{ast.unparse(unknown[0])} makes of {getattr(node, 'name', 'it')} is not read"
    for keyword in node.keywords if isinstance(node, ast.ClassDef) else ():
        found = reference(modules, home, keyword.value) if keyword.arg == "metaclass" else None
        if keyword.arg in ("metaclass", None) and (found is None or (found.module, found.name) != ("abc", "ABCMeta")):
            return f"what {ast.unparse(keyword.value)} makes of it is not read"
    return ""


def is_cached(modules: Modules, home: Module, node: ast.FunctionDef) -> bool:
    """Whether what a function is given has to be a key."""
    found = (reference(modules, home, _called(one)) for one in node.decorator_list)
    return any(one is not None and (one.module, one.name) in CACHES for one in found)


def unread_base(modules: Modules, home: Module, node: ast.ClassDef) -> str:
    """The text of what a class derives from that may have code of its own; empty if there is none. Of a class of the
    project the code is read."""
    for base in node.bases:
        whole = base.value if isinstance(base, ast.Subscript) else base
        found = reference(modules, home, whole)
        plain = found is None and isinstance(whole, ast.Name) and _is_plain(whole.id)
        known = found is not None and (found.node is not None or (found.module, found.name) in _BASES)
        if not plain and not known:
            return ast.unparse(base)
    return ""


def _is_plain(name: str) -> bool:
    """Whether it is `object`, or an exception: they take what they are given."""
    found = getattr(builtins, name, None)
    return found is object or (isinstance(found, type) and issubclass(found, BaseException))


def _is_known(modules: Modules, home: Module, decorator: ast.expr) -> bool:
    called = _called(decorator)
    found = reference(modules, home, called)
    if found is None:
        return isinstance(called, ast.Name) and called.id in _BUILTIN
    return (found.module, found.name) in _KNOWN


def _called(decorator: ast.expr) -> ast.expr:
    return decorator.func if isinstance(decorator, ast.Call) else decorator
