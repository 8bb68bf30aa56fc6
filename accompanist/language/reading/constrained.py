"""Fields whose values are checked where they are read: `cents: Annotated[int, Meta(gt=0)]`. Python makes an object with
any value in them; who is sent it refuses it.
"""

from __future__ import annotations

import ast

from accompanist.language.reading.annotation import dotted
from accompanist.language.text.nodes import every_node


def has_constraints(node: ast.ClassDef) -> bool:
    """Whether the values of a field of a class are checked."""
    return any(_constrains(part.annotation) for part in node.body if isinstance(part, ast.AnnAssign))


def _constrains(said: ast.expr) -> bool:
    if isinstance(said, ast.Constant) and isinstance(said.value, str):
        try:
            said = ast.parse(said.value, mode="eval").body
        except SyntaxError:
            return False
    annotated = (part for part in every_node(said) if isinstance(part, ast.Subscript) and _is_annotated(part.value))
    return any(isinstance(one, ast.Call | ast.Name) for part in annotated for one in _beside(part))


def _is_annotated(node: ast.expr) -> bool:
    return dotted(node).rpartition(".")[2] == "Annotated"


def _beside(part: ast.Subscript) -> list[ast.expr]:
    """What stands beside the type; a name may stand for `Meta(…)`."""
    return part.slice.elts[1:] if isinstance(part.slice, ast.Tuple) else []
