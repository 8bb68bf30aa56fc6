"""Where a @pure function tells errors from one another, or looks at one, of which the order of a set says which it is.

What is computed later, such as a lambda, may be computed in any `try` of its function.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language.checks.order.errors import Code, Errors, Raised, place
from accompanist.language.checks.sets.shapes import Shapes
from accompanist.language.checks.sets.tells import shows_error, tells
from accompanist.language.text.nodes import every_node

Levels = dict[int, int]
"""By the identity of a node, what is done with an error that is raised there, see `shows_error`."""


def levels(node: ast.FunctionDef) -> Levels:
    """What is done with errors in the parts of a function; nothing where no `try` is around."""
    found, parts = Levels(), every_node(node)
    for block in (part for part in parts if isinstance(part, ast.Try | ast.TryStar | ast.With)):
        if level := tells(block):
            found |= {id(one): max(found.get(id(one), 0), level) for line in block.body for one in every_node(line)}
    highest = max(found.values(), default=0)
    given = {id(one) for part in parts if isinstance(part, ast.Call) for one in part.args}
    for part in parts if highest else ():
        later = isinstance(part, ast.Lambda | ast.FunctionDef) and part is not node
        if later or (isinstance(part, ast.GeneratorExp) and id(part) not in given):
            found |= {id(one): highest for one in every_node(part)}
    return found


class Catching:
    """Looks at what one function calls."""

    def __init__(self, shapes: Shapes, errors: Errors) -> None:
        self._shapes, self._errors = shapes, errors

    def shown(self, node: ast.FunctionDef) -> Iterator[tuple[ast.expr, Raised]]:
        known, parts = levels(node), every_node(node)
        called = {id(part.func): part for part in parts if isinstance(part, ast.Call)}
        highest = max(known.values(), default=0)
        for part in parts:
            value = isinstance(part, ast.Name | ast.Attribute) and id(part) not in called
            level = known.get(id(part), 0) or (highest if value and self._names_code(part) else 0)
            if level and (found := self._raised(part, level)) is not None:
                yield called.get(id(part)) or place(part), found
            if not level and isinstance(part, ast.Call):
                yield from self._handed_on(part)

    def _raised(self, part: ast.AST, level: int) -> Raised | None:
        found = self._errors.of(self._errors.within(part, self._shapes))
        return next((one for one in found if shows_error(level, one.kinds)), None)

    def _names_code(self, part: ast.AST) -> bool:
        """Whether it is a function itself that is named, and may be called anywhere."""
        found = self._shapes.found(part) if isinstance(part, ast.expr) else None
        return found is not None and isinstance(found.node, ast.FunctionDef)

    def _handed_on(self, node: ast.Call) -> Iterator[tuple[ast.expr, Raised]]:
        """A function that is given to one that tells errors from one another."""
        given = [part for one in (*node.args, *(word.value for word in node.keywords)) for part in every_node(one)]
        called = {id(part.func) for part in given if isinstance(part, ast.Call)}
        lazy = {id(part) for one in given if isinstance(one, ast.Lambda) for part in every_node(one)}
        for part in given:
            value = id(part) in lazy or (id(part) not in called and self._names_code(part))
            if value and isinstance(part, ast.expr) and (found := self._raised(part, 2)) is not None:
                codes: Iterator[Code] = self._errors.within(node.func, self._shapes)
                if self._errors.tells(codes):
                    yield part, found
                    return
