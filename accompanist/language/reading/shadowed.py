"""Which of Python's own names a module gives another meaning: `KeyError = IndexError`, `from math import pow`.

Followed are statements at the top of a module, those in an `if`, a `try` or a loop among them.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

from accompanist.language.reading.modules import WORD_MODULES, Module, Modules, origin

_OWN = frozenset(dir(builtins))
_FOLLOWED = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom),
    *(ast.Assign, ast.AnnAssign, ast.AugAssign),
)
_NOT_RUN = frozenset({"TYPE_CHECKING", "typing.TYPE_CHECKING", "__name__ == '__main__'"})
"""Conditions that are false where a module is imported."""


def shadowed(modules: Modules, module: Module) -> frozenset[str]:
    """The names; all of them where it is not known what a module brings."""
    found: set[str] = set()
    for statement in _statements(module.tree.body):
        if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
            found |= _brought(modules, origin(module, statement))
        else:
            found |= bound_by(statement)
    return _OWN & found


def rebound(module: Module) -> frozenset[str]:
    """The names that a module may bind again, or unbind, where it is not followed: in an `if` or a loop, by `del`."""
    found: set[str] = set()
    for statement in module.tree.body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) in _NOT_RUN:
            continue
        if not isinstance(statement, _FOLLOWED):
            found |= {name for one in inside(statement) for name in bound_by(one)}
    return frozenset(found & module.bound.keys())


def bound_by(statement: ast.stmt) -> set[str]:
    """The names that a statement binds where it stands, but for those that it has in a body."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return {alias.asname or alias.name.split(".")[0] for alias in names}
    stored = (part for part in ast.walk(statement) if isinstance(part, ast.Name))
    bound = {part.id for part in stored if not isinstance(part.ctx, ast.Load)}
    return bound | {one.name for one in ast.walk(statement) if isinstance(one, ast.ExceptHandler) and one.name}


def inside(statement: ast.stmt) -> Iterator[ast.stmt]:
    """A statement, and those of its bodies that bind names in the same place."""
    return _statements([statement])


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        yield statement
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        for part in ast.iter_child_nodes(statement):
            if isinstance(part, ast.stmt):
                yield from _statements([part])
            elif isinstance(part, ast.ExceptHandler | ast.match_case):
                yield from _statements(part.body)


def _brought(modules: Modules, name: str) -> frozenset[str]:
    """What `import *` of a module may bring."""
    if name in WORD_MODULES:
        return frozenset()
    home = modules.find(name)
    return frozenset(home.bound) if home is not None else _OWN
