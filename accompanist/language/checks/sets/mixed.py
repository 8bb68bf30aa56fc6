"""Where a program puts a value in the place of an equal one of another type: True where an int is declared, a datetime
for a date, a member of a StrEnum for a text.

Python takes them, and an annotation does not say which of them it is. So as soon as a program does that anywhere, a
value that is declared as an int may be a bool, unless the form of the expression says otherwise: `len(name)`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from accompanist.language.checks.sets.alike import one_zero, same
from accompanist.language.checks.sets.classes import Classes
from accompanist.language.checks.sets.names import NameShapes, around
from accompanist.language.checks.sets.parameters import field, parameter
from accompanist.language.checks.sets.shapes import Shapes
from accompanist.language.reading.held_sets import element
from accompanist.language.reading.modules import Module
from accompanist.language.text.nodes import every_node
from accompanist.language.types import BOOL, INT, STR, Type

_DATE, _MOMENT = Type("date", "datetime"), Type("datetime", "datetime")
_NARROWER = {BOOL: INT, _MOMENT: _DATE}
_ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.Pow, ast.LShift, ast.RShift, ast.Div)
_GIVES_PLAIN = frozenset({"len", "ord", "int", "float", "str", "repr", "chr", "bool", "any", "all", "isinstance"})

TypeOf = Callable[[ast.expr], Type]


def alike(classes: Classes, type: Type, node: ast.expr | None, of: TypeOf) -> bool:
    """Whether equal values of a type are the same. `node`: what gives them, if that is known; `of`: the types of its
    parts."""
    if isinstance(node, ast.Tuple) and not any(isinstance(one, ast.Starred) for one in node.elts):
        return all(alike(classes, of(one), one, of) for one in node.elts)
    if node is not None and one_zero(node, of):
        return True
    return same(classes, type) and not _may_differ(classes, type, node, of)


def _may_differ(classes: Classes, type: Type, node: ast.expr | None, of: TypeOf) -> bool:
    """Whether equal values of a type may be of different types, though it says nothing of it. `node`: what gives
    them, if that is known."""
    if node is not None and _plain(node, of):
        return False
    parts = {*classes.parts(type)}
    return not parts.isdisjoint((INT, STR, _DATE)) and not parts.isdisjoint(_mixed(classes))


def _plain(node: ast.expr, of: TypeOf) -> bool:
    """Whether the form of an expression says of which type its values are."""
    match node:
        case ast.Constant() | ast.Compare() | ast.JoinedStr() | ast.UnaryOp():
            return True
        case ast.BinOp(left=left, op=op, right=right):
            inside = [one for one in (left, right) if isinstance(one, ast.Tuple | ast.List)]
            return isinstance(op, _ARITHMETIC) and all(_plain(one, of) for one in inside)
        case ast.Call(func=ast.Name(id=name) as function):
            return name in _GIVES_PLAIN and not of(function).known  # none of the project's own of that name
        case ast.Call(func=ast.Attribute(value=owner)):
            return of(owner) == STR
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return all(_plain(one, of) for one in parts)
        case ast.IfExp(body=one, orelse=other):
            return _plain(one, of) and _plain(other, of)
    return False


def _mixed(classes: Classes) -> frozenset[Type]:
    """The types in whose places a program puts values of another type, in the modules that were read."""
    opened = classes.modules.opened
    if classes.mixed[0] != len(opened):
        classes.mixed = (len(opened), frozenset[Type]())  # while they are looked at
        found = frozenset(one for home in opened for one in _of_module(classes, home))
        classes.mixed = (len(opened), found)
    return classes.mixed[1]


def _of_module(classes: Classes, home: Module) -> Iterator[Type]:
    for owner, body in [(None, home.tree.body), *_bodies(home)]:
        functions = [one for one in body if isinstance(one, ast.FunctionDef)]
        others = [one for one in body if not isinstance(one, ast.FunctionDef | ast.ClassDef)]
        for node in (around(*others), *functions):
            shapes = Shapes(classes.modules, classes, home)
            NameShapes(shapes, node, owner)
            for said, value in _places(shapes, node):
                yield from _put(classes, said, shapes.of(value))


def _bodies(home: Module) -> Iterator[tuple[Type | None, list[ast.stmt]]]:
    for one in home.tree.body:
        if isinstance(one, ast.ClassDef):
            yield Type(one.name, home.name), one.body


def _places(shapes: Shapes, node: ast.FunctionDef) -> Iterator[tuple[Type, ast.expr]]:
    """What places of a function are declared with, and what is put there."""
    for part in every_node(node):
        match part:
            case ast.Return(value=ast.expr() as value):
                yield shapes.annotated(node.returns), value
            case ast.AnnAssign(annotation=said, value=ast.expr() as value):
                yield shapes.annotated(said), value
            case ast.Assign(targets=[ast.Attribute(value=owner, attr=name)], value=value):
                yield shapes.attribute(shapes.of(owner), name), value
            case ast.Call(args=args, keywords=words):
                given = [*((place, "", one) for place, one in enumerate(args))]
                given += [(0, word.arg, word.value) for word in words if word.arg]
                for place, word, value in given:
                    if (taken := _taken(shapes, part, place, word)) is not None:
                        yield taken, value


def _taken(shapes: Shapes, node: ast.Call, place: int, word: str) -> Type | None:
    """What a call of something of the project declares of what it is given."""
    if (made := shapes.class_of(node.func)) is not None:
        return field(shapes.classes, made, place, word)
    found = shapes.found(node.func)
    home = shapes.home_of(found) if found is not None else None
    if found is not None and home is not None and isinstance(found.node, ast.FunctionDef):
        return parameter(shapes.modules, home, found.node, place, word)
    if shapes.library(node.func) == ("dataclasses", "replace") and node.args:
        return shapes.attribute(shapes.of(node.args[0]), word) if word else None
    if isinstance(node.func, ast.Attribute):
        for one in shapes.of(node.func.value).options:
            if (code := shapes.classes.function(one, node.func.attr)) is not None:
                return parameter(shapes.modules, *code, place + 1, word)
    return None


def _put(classes: Classes, said: Type, found: Type) -> Iterator[Type]:
    """The types that are declared where a value of another type is put."""
    for one in found.options:
        if one in said.options:
            continue
        wanted = {_NARROWER.get(one), *(part for part in (INT, STR) if _derived(classes, one, part))} - {None}
        yield from (part for part in said.options if part in wanted)
        for part in said.options if one.arguments else ():
            same = len(one.arguments) == len(part.arguments)
            pairs = zip(part.arguments, one.arguments, strict=True) if same else [(element(part), element(one))]
            for inner, given in pairs:
                yield from _put(classes, inner, given)


def _derived(classes: Classes, one: Type, base: Type) -> bool:
    """Whether a class of the project derives from one of Python's own: an IntEnum, a StrEnum."""
    names = {base.name, f"{base.name.capitalize()}Enum"}
    return classes.definition(one) is not None and any(above.name in names for above in classes.lineage(one))
