"""A plugin for mypy: an operation of a role has no body, and that is no mistake.

    [tool.mypy]
    plugins = ["accompanist.mypy"]

Without it mypy says `Missing return statement  [empty-body]` of each operation that gives a value, as its program is
the worker's. With it the check stays on for all other functions. pyright needs no plugin.

Not promised: that other checkers find it. mypy alone imports this module; Accompanist does not need mypy.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.nodes import Decorator, FuncDef, MemberExpr, NameExpr
from mypy.plugin import ClassDefContext, Plugin

_ROLE = "accompanist.language.words.Role"
_OPERATIONS = frozenset(
    {"accompanist.language.words.transaction", "accompanist.language.words.query"},
)


class RolePlugin(Plugin):
    """Marks a role's operations as made by a plugin, since mypy asks no body of those."""

    def get_base_class_hook(self, fullname: str) -> Callable[[ClassDefContext], None] | None:
        """mypy's name: called for each base of each class."""
        found = self.lookup_fully_qualified(fullname)
        bases = getattr(getattr(found, "node", None), "mro", ())
        return _mark if any(base.fullname == _ROLE for base in bases) else None


def _mark(context: ClassDefContext) -> None:
    for statement in context.cls.defs.body:
        if isinstance(statement, Decorator) and _is_operation(statement):
            context.cls.info.names[statement.name].plugin_generated = True


def _is_operation(function: Decorator) -> bool:
    """Whether it has a decorator of ours, plain or called, and a body of nothing but `...` and its docstring."""
    return isinstance(function.func, FuncDef) and any(
        isinstance(name, NameExpr | MemberExpr) and name.fullname in _OPERATIONS
        for decorator in function.original_decorators
        for name in (decorator, getattr(decorator, "callee", None))
    )


def plugin(version: str) -> type[Plugin]:
    """What mypy asks a plugin's module for; `version` is mypy's."""
    return RolePlugin
