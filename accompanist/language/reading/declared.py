"""What is wrong with a definition as such, whoever uses it: Python would refuse it when it imports the file, or, worse,
would take it to mean something that nobody reads there.

Looked at are the classes, @pure functions and choreographies that a program rests on, not all of a file: what it does
not use may be written as its author likes.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from accompanist.language.reading import annotation, class_fields, members
from accompanist.language.reading.modules import Module, Modules


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where, what, and what to write instead."""

    module: Module
    node: ast.AST
    text: str
    hint: str


def of_class(modules: Modules, module: Module, node: ast.ClassDef) -> Flaw | None:
    """The first flaw of a class, None if it has none."""
    looked_for = (_twice, _bases, _fields, _members, _refused)
    return next((found for look in looked_for for found in look(modules, module, node)), None)


def of_function(modules: Modules, module: Module, node: ast.FunctionDef) -> Flaw | None:
    return next(_twice(modules, module, node), None)


def _twice(modules: Modules, module: Module, node: ast.ClassDef | ast.FunctionDef) -> Iterator[Flaw]:
    others = [one for one in module.bound.get(node.name, ()) if one is not node and not _overload(modules, module, one)]
    if others and module.bound[node.name][-1] is node:
        text = f"{node.name} is defined in line {others[0].lineno}, too, and Python takes the last one"
        yield Flaw(module, head(node), text, f"another name for one of the two, {node.name}2")


def _overload(modules: Modules, module: Module, node: ast.stmt) -> bool:
    decorators = node.decorator_list if isinstance(node, ast.FunctionDef) else []
    found = [annotation.reference(modules, module, one) for one in decorators]
    return any(one is not None and one.name == "overload" for one in found)


def _bases(modules: Modules, module: Module, node: ast.ClassDef) -> Iterator[Flaw]:
    way = [(module, node)]
    while (above := _base(modules, *way[-1])) is not None and all(above[1] is not known for _, known in way):
        way.append(above)
    if above is not None and above[1] is node:
        if min(way, key=lambda one: (one[0].name, one[1].lineno))[1] is node:  # of a circle one is told
            names = " derives from ".join([*(one.name for _, one in way), node.name])
            yield Flaw(module, head(node), f"{node.name} derives from itself: {names}", "leave one of the bases out")
    elif len(way) > 1 and way[1][0] is module and way[1][1].lineno > node.lineno:
        base = way[1][1].name
        text = f"{node.name} derives from {base}, which is defined below it, and Python reads from the top"
        yield Flaw(module, head(node), text, f"class {base} above class {node.name}")


def _base(modules: Modules, module: Module, node: ast.ClassDef) -> tuple[Module, ast.ClassDef] | None:
    """The first class of the project that a class derives from."""
    return next((found for one in node.bases if (found := _class(modules, module, one)) is not None), None)


def _class(modules: Modules, module: Module, node: ast.expr) -> tuple[Module, ast.ClassDef] | None:
    node = node.value if isinstance(node, ast.Subscript) else node
    found = annotation.reference(modules, module, node)
    home = modules.find(found.module) if found is not None else None
    if found is None or home is None or not isinstance(found.node, ast.ClassDef):
        return None
    return home, found.node


def _fields(modules: Modules, module: Module, node: ast.ClassDef) -> Iterator[Flaw]:
    fields: set[str] = set()
    for statement in node.body:
        name = _bound(statement)
        if name in fields:
            text = f"{node.name} has {name} twice, and Python takes the last one"
            yield Flaw(module, head(statement), text, f"another name for one of the two, {name}2")
        if name and isinstance(statement, ast.AnnAssign):
            fields.add(name)


def _bound(statement: ast.stmt) -> str:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
            return name
        case ast.FunctionDef(name=name):
            return name
    return ""


def _members(modules: Modules, module: Module, node: ast.ClassDef) -> Iterator[Flaw]:
    if not members.is_enum(modules, module, node):
        return
    if not any(members.assigned(node)):
        text = f"{node.name} has no member, so there is no value of it"
        yield Flaw(module, head(node), text, f'FIRST = "first" in class {node.name}')
    before: set[str] = set()
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]) if not name.startswith("_"):
                if name in before:
                    text = f"{node.name} has the member {name} twice, and Python refuses that"
                    yield Flaw(module, statement, text, f"another name for one of the two, {name}2")
                before.add(name)
    yield from (Flaw(module, head(one.node), one.text, one.hint) for one in members.odd(modules, module, node))


def _refused(modules: Modules, module: Module, node: ast.ClassDef) -> Iterator[Flaw]:
    for where, text, hint in class_fields.wrong(modules, module, node):
        yield Flaw(module, head(where), text, hint)


def head(node: ast.AST) -> ast.AST:
    """What to underline: of a definition the line that names it, not all of its body."""
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node
    line = ast.Pass()
    line.lineno = line.end_lineno = node.lineno
    word = "class" if isinstance(node, ast.ClassDef) else "def" if isinstance(node, ast.FunctionDef) else "async def"
    line.col_offset, line.end_col_offset = node.col_offset, node.col_offset + len(f"{word} {node.name}")
    return line
