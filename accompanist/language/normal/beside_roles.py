"""A loop that names values beside its roles: `for name, supplier in (("north", north), ("south", south)):`.

A loop over roles names roles alone. It is read all the same, each turn with its role and its values, so that what is
wrong in it is found, and nothing that follows from how it is written.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container
from dataclasses import dataclass, replace

from accompanist.language.text import advice
from accompanist.language.text.diagnostic import Write
from accompanist.language.text.source import Source, Span


@dataclass(frozen=True, slots=True)
class Beside:
    """The name that stands for a role in each turn, the roles, and the other names, each with its values."""

    role: ast.Name
    roles: tuple[ast.Name, ...]
    values: tuple[tuple[ast.Name, tuple[ast.expr, ...]], ...]


def rows(node: ast.expr) -> ast.expr:
    """The pairs of `{"north": north}.items()`; any other expression as it is."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Dict(keys=keys, values=values), attr="items"), args=[], keywords=[]):
            pairs: list[ast.expr] = []
            for key, value in zip(keys, values, strict=True):
                if key is not None:
                    pairs.append(ast.copy_location(ast.Tuple([key, value], ast.Load()), key))
            return ast.copy_location(ast.Tuple(pairs, ast.Load()), node) if len(pairs) == len(keys) else node
    return node


def holds_roles(node: ast.expr, is_role: Callable[[ast.expr], bool]) -> bool:
    """Whether an expression is a list of lists in which roles stand."""
    rows = node.elts if isinstance(node, ast.Tuple | ast.List) else []
    return any(isinstance(row, ast.Tuple | ast.List) and any(map(is_role, row.elts)) for row in rows)


def listed(node: ast.expr, roles: Container[str]) -> list[str]:
    """The roles of a list of roles, or of a list of lists with roles in them; none of another expression."""
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else []
    deep = holds_roles(node, lambda one: isinstance(one, ast.Name) and one.id in roles)
    if deep:
        parts = [one for part in parts for one in (part.elts if isinstance(part, ast.Tuple | ast.List) else [part])]
    found = [one.id for one in parts if isinstance(one, ast.Name) and one.id in roles]
    return found if deep or len(found) == len(parts) > 1 else []


def read(node: ast.For, iterable: ast.expr, is_role: Callable[[ast.expr], bool]) -> Beside | None:
    """What each turn is given, where one name is given the roles and plain names the values."""
    rows = [row.elts if isinstance(row, ast.Tuple | ast.List) else [] for row in getattr(iterable, "elts", ())]
    names = [one for one in getattr(node.target, "elts", ()) if isinstance(one, ast.Name)]
    if not isinstance(node.target, ast.Tuple | ast.List) or len(names) != len(node.target.elts) or node.orelse:
        return None
    if any(len(row) != len(names) for row in rows):
        return None
    columns = list(zip(names, zip(*rows, strict=True), strict=True))
    of_roles = [name for name, column in columns if any(map(is_role, column))]
    if len(of_roles) != 1:
        return None
    roles = next(column for name, column in columns if name is of_roles[0])
    found = tuple(one for one in roles if isinstance(one, ast.Name) and is_role(one))
    if len(found) != len(roles):
        return None
    return Beside(
        of_roles[0], found, tuple((name, tuple(column)) for name, column in columns if name is not of_roles[0])
    )


def told(found: Beside | None, node: ast.For, source: Source) -> tuple[str, str]:
    """What is wrong with such a loop, and what to write."""
    name = "supplier" if found is None else found.role.id
    roles = ("north", "south") if found is None else tuple(one.id for one in found.roles)
    text = f"a loop over roles names roles alone: for {name} in ({', '.join(roles)}):"
    if found is None or not found.values:
        return text, "`for turn, role in enumerate((…)):` and `name = (…)[turn]` in its turns"
    return text, _written(found, node, source)


def _written(found: Beside, node: ast.For, source: Source) -> str:
    """The loop with the number of the turn, and the values by that number."""
    number = advice.free(source, "turn")
    roles = ", ".join(one.id for one in found.roles)
    head = f"{number}, {found.role.id} in enumerate(({roles}{',' if len(found.roles) == 1 else ''}))"
    lines = []
    for name, values in found.values:
        texts = ", ".join(source.text(source.span(value)) for value in values)
        lines.append(f"{name.id} = ({texts}{',' if len(values) == 1 else ''})[{number}]")
    shown = "\n".join([f"for {head}:", *(f"    {line}" for line in lines)])
    first, target, iterable = node.body[0], source.span(node.target), source.span(node.iter)
    if first.lineno == node.lineno:
        return f"such a loop:\n{shown}"
    whole = replace(target, end_line=iterable.end_line, end_column=iterable.end_column)
    indent = advice.indented(source, first)
    there = Span(source.path, first.lineno, 0, first.lineno, 0)
    return Write(shown, (whole, head), (there, "".join(f"{indent}{line}\n" for line in lines)))
