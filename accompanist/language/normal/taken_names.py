"""Names that no variable of a choreography can have, because something else needs them."""

from __future__ import annotations

import ast
import re

from accompanist.language.ir import ChoreographyHead
from accompanist.language.normal.frame import Frame
from accompanist.language.reading.names import Names
from accompanist.language.text import advice, codes
from accompanist.language.text.nodes import every_node
from accompanist.language.vocabulary import BUILTINS, OPERATIONS

_TEMPORARY = re.compile(r"_\d.*")


def check_names(frame: Frame, node: ast.FunctionDef, header: ChoreographyHead) -> None:
    """No variable hides what generated code or the choreography needs under that name."""
    stored = [
        (part, part.id) for part in every_node(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    ]
    given = {parameter.name: parameter.span for parameter in header.given}
    for part, name in stored:
        why = why_taken(frame.names, name, header)
        if why:
            other = advice.free(frame.names.module.source, f"{name}_" if name[0] != "_" else f"value{name}")
            frame.refuse(codes.TAKEN_NAME, part, f"{name} {why}", f"another name: {other}")
    for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
        why = why_taken(frame.names, argument.arg, header) if argument.arg in given else ""
        if why:
            frame.refuse(codes.TAKEN_NAME, argument, f"{argument.arg} {why}", "another name")


def why_taken(names: Names, name: str, header: ChoreographyHead) -> str:
    """Why no variable can have a name; empty if one can."""
    if name in header.roles:
        return "is a role"
    if name in names.module.bound:
        return "is defined at the top of the file"
    if name in BUILTINS:
        return "is a builtin that choreographies use"
    if name in OPERATIONS or _TEMPORARY.fullmatch(name):
        return "is reserved"
    return ""
