"""What the constants of a module say: that `CENTS` is 100, and how many items `RATES` has."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from accompanist.language import facts as known
from accompanist.language.constants import Constants
from accompanist.language.facts import Fact, Facts
from accompanist.language.messages import Messages
from accompanist.language.modules import Module, Modules


def facts(values: Mapping[str, ast.expr]) -> Facts:
    """That each of these names has its value."""
    return frozenset(
        Fact(ast.Compare(ast.Name(name, ast.Load()), [ast.Eq()], [value]), True) for name, value in values.items()
    )


def of_function(modules: Modules, messages: Messages, home: Module, node: ast.FunctionDef) -> Facts:
    """What is known of the constants that a function names."""
    constants = Constants(modules, messages, lambda module, name: name, lambda member, module: None)
    values = {name: constants.assigned(home, name) for name in sorted(known.names_in(node) - set(_bound(node)))}
    return facts({name: value for name, value in values.items() if value is not None})


def _bound(node: ast.FunctionDef) -> Iterable[str]:
    """The names that a function binds itself."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
            yield part.id
        elif isinstance(part, ast.arg):
            yield part.arg
