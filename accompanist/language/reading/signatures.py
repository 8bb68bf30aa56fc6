"""What @pure functions give, by their annotations."""

from __future__ import annotations

import ast
from collections.abc import Callable

from accompanist.language import types
from accompanist.language.reading import annotation
from accompanist.language.reading.modules import Modules
from accompanist.language.types import Type


def signatures(modules: Modules) -> Callable[[str, str], Type | None]:
    """Tells the result type of a @pure function, by its module and name; None for a class."""

    def of(module: str, name: str) -> Type | None:
        home = modules.find(module)
        node = home.bound[name][-1] if home is not None and name in home.bound else None
        if home is None or not isinstance(node, ast.FunctionDef):
            return None
        if node.returns is None:
            return types.UNKNOWN
        try:
            found = annotation.type_of(modules, home, node.returns)
            return types.UNKNOWN if found.generic else found
        except annotation.Unresolved:
            return types.UNKNOWN

    return of
