"""What a `try`, or a `with`, shows of an error that is raised in it."""

from __future__ import annotations

import ast

from accompanist.language.checks.sets.given import several
from accompanist.language.reading import annotation
from accompanist.language.text.nodes import every_node


def shows_error(caught: int, kinds: frozenset[str]) -> bool:
    """Whether it shows which error came first. `caught`: 0 if nothing looks at the error, 1 if something tells kinds of
    errors from one another, 2 if the error itself may be looked at."""
    return bool(kinds) and (caught == 2 or (caught == 1 and several(kinds)))


def tells(node: ast.AST) -> int:
    """What is shown of an error that is raised in the body of a `try`, or of a `with`, see `shows_error`."""
    match node:
        case ast.Try(handlers=[_, *_] as handlers) | ast.TryStar(handlers=[_, *_] as handlers):
            names = [one.name for one in handlers if one.name]
            loads = {one.id for handler in handlers for one in every_node(handler) if isinstance(one, ast.Name)}
            if any(name in loads for name in names):
                return 2
            kind = handlers[0].type
            whole = kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException"))
            return 0 if whole and len(handlers) == 1 else 1
        case ast.With(items=items):
            return 0 if all(map(_passes, items)) else 2
    return 0


def _passes(item: ast.withitem) -> bool:
    """Whether a `with` lets every error pass."""
    made = item.context_expr
    return isinstance(made, ast.Call) and annotation.dotted(made.func).rpartition(".")[2] == "localcontext"
