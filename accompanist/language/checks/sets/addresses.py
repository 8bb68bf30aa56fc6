"""Texts that show where an object lies in memory, which differs between runs: `<map object at 0x7f65121d44d0>`.

Such are the texts of functions and methods, of what is gone through only once, and of objects of a class that says
nothing of its text; so is every text that has one of them in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from accompanist.language import types
from accompanist.language.checks.sets.classes import Classes
from accompanist.language.checks.sets.names import NameShapes, looked_for
from accompanist.language.checks.sets.shapes import Shapes
from accompanist.language.checks.sets.tells import tells
from accompanist.language.reading import annotation
from accompanist.language.reading.modules import Reference
from accompanist.language.text.nodes import every_node
from accompanist.language.types import STR, UNKNOWN, Type

LAZY = frozenset({"map", "zip", "filter", "iter", "reversed", "enumerate"})
_WRITES = frozenset({"str", "repr", "ascii", "format"})
_SAYS = ("__repr__", "__str__", "__format__")
_NO_TEXT = frozenset({"object", "Generic", "Protocol", "ABC"})
_NO_WORD = frozenset({"total_ordering", "final", "runtime_checkable"})
_ANY = Type("Any", "typing")
_PLAIN = {one.__name__: one for one in (str, bytes, int, float, bool, list, tuple, dict, set, frozenset)}


INSTEAD = "the parts that are wanted: list(…) of what is gone through, the fields of an object"


def text(whole: str) -> str:
    return f"the text of {whole} shows where it lies in memory, and that differs between runs"


def lies(classes: Classes, type: Type) -> bool:
    """Whether the text of a value of a type shows where an object of a class lies, the value or one in it."""
    shown = types.reached(type, lambda one: _shown(classes, one))
    return any(_has_no_text(classes, one) for one in shown)


def _shown(classes: Classes, type: Type) -> Iterable[Type]:
    """What the text of a value has the texts of."""
    if classes.definition(type) is None:
        return () if type.name in ("callable", "type") else type.arguments
    return () if _says(classes, type) else (classes.member(type, name) for name in classes.fields(type))


def _has_no_text(classes: Classes, type: Type) -> bool:
    return classes.definition(type) is not None and not _says(classes, type) and not _shows_fields(classes, type)


def _says(classes: Classes, type: Type) -> bool:
    """Whether a class says itself what its text is."""
    return classes.enum(type) or any(classes.function(type, name) is not None for name in _SAYS)


def _shows_fields(classes: Classes, type: Type) -> bool:
    """Whether something gives a class a text: `@dataclass`, or what it derives from."""
    for one in classes.lineage(type):
        definition = classes.definition(one)
        if definition is None and one.name not in _NO_TEXT:
            return True
        if definition is not None and any(_word(word) not in _NO_WORD for word in definition[1].decorator_list):
            return True
    return False


def _word(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return annotation.dotted(called).rpartition(".")[2]


def once(type: Type) -> bool:
    """Whether a value is gone through only once, or is a function, or has one of these in it."""
    lazy = type.name == "iterator" or ((type.module, type.name) in types.ITERATORS and type.name != "Iterable")
    return lazy or type.name == "callable" or any(map(once, type.arguments))


def is_method(owner: Type, name: str) -> bool:
    """Whether an attribute of a plain value is a method."""
    found = [_PLAIN.get(one.name) for one in owner.options if not one.module]
    return bool(found) and all(one is not None and callable(getattr(one, name, None)) for one in found)


def lazy(node: ast.expr) -> bool:
    """Whether an expression of a choreography is gone through only once, or has something in it that is."""
    match node:
        case ast.GeneratorExp():
            return True
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return any(map(lazy, parts))
        case ast.ListComp(elt=part):
            return lazy(part)
        case ast.Call(func=ast.Name(id=name)):
            return name in LAZY
    return False


def given(classes: Classes, found: Reference | None, seen: frozenset[int] = frozenset()) -> bool:
    """Whether a function that says nothing of what it gives, `-> object`, gives something whose text shows that."""
    home = classes.modules.find(found.module) if found is not None else None
    if found is None or home is None or not isinstance(found.node, ast.FunctionDef) or id(found.node) in seen:
        return False
    shapes = Shapes(classes.modules, classes, home)
    if shapes.annotated(found.node.returns) not in (UNKNOWN, Type("object")):
        return False
    NameShapes(shapes, found.node)
    values = [one.value for one in every_node(found.node) if isinstance(one, ast.Return) and one.value is not None]
    if any(once(shapes.of(one)) or lies(classes, shapes.of(one)) for one in values):
        return True
    called = (shapes.found(one.func) for one in values if isinstance(one, ast.Call))
    return any(given(classes, one, seen | {id(found.node)}) for one in called)


class Addresses:
    """Looks for such texts in one @pure function."""

    def __init__(self, shapes: Shapes, names: NameShapes) -> None:
        self._shapes, self._names = shapes, names

    def shown(self, parts: Iterable[ast.AST]) -> Iterator[ast.expr]:
        for part in parts:
            for one in self._written(part):
                yield from self._within(one)
            if isinstance(part, ast.Call):
                yield from self._by_text(part)
                yield from self._untold(part)
            if isinstance(part, ast.Try) and tells(part) == 2:
                for one in (one for line in part.body for below in every_node(line) for one in looked_for(below)):
                    yield from self._within(one)  # the text of a KeyError shows the key

    def _written(self, part: ast.AST) -> list[ast.expr]:
        """What becomes a text."""
        match part:
            case ast.FormattedValue(value=value):
                return [value]
            case ast.BinOp(left=left, op=ast.Mod(), right=right) if self._shapes.of(left) == STR:
                return [right]
            case ast.Call(func=ast.Attribute(value=owner, attr="format")) if self._shapes.of(owner) == STR:
                return [*part.args, *(word.value for word in part.keywords)]
            case ast.Call(func=ast.Attribute(value=owner, attr="__str__" | "__repr__" | "__format__")):
                return [owner]
            case ast.Raise(exc=ast.Call(args=given)):  # they are the text of the error
                return given
            case ast.Call(args=[first, *_]) if self._shapes.builtin(part.func) in _WRITES:
                return [first]
        return []

    def _by_text(self, node: ast.Call) -> Iterator[ast.expr]:
        """What a call makes texts of the parts of: `map(str, carts)`, `sorted(carts, key=str)`."""
        keys = [word.value for word in node.keywords if word.arg == "key"]
        if self._shapes.builtin(node.func) == "map" and len(node.args) > 1:
            keys = [node.args[0]]
        given = node.args[1:] if self._shapes.builtin(node.func) == "map" else node.args[:1]
        for one in given if any(self._shapes.builtin(key) in _WRITES for key in keys) else ():
            part = self._shapes.element(one)
            yield from (one,) if once(part) or lies(self._shapes.classes, part) else ()

    def _untold(self, node: ast.Call) -> Iterator[ast.expr]:
        """What a class is given for a field that may be anything, `note: object`: nothing says later what is in it."""
        made, classes = self._shapes.class_of(node.func), self._shapes.classes
        if made is None or classes.definition(made) is None or _says(classes, made):
            return
        fields = list(classes.fields(made))
        given = [*zip(fields, node.args, strict=False), *((word.arg, word.value) for word in node.keywords)]
        for name, value in given:
            if name in fields and classes.member(made, name) in (UNKNOWN, Type("object"), _ANY):
                yield from self._within(value)

    def _within(self, node: ast.expr) -> Iterator[ast.expr]:
        match node:
            case ast.Call(func=function) if self._shapes.builtin(function) == "object":
                yield node
            case ast.Dict(values=values):
                for one in values:
                    yield from self._within(one)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                for one in parts:
                    yield from self._within(one)
            case ast.Call(func=function) if given(self._shapes.classes, self._shapes.found(function)):
                yield node
            case _ if self._lazy(node) or lies(self._shapes.classes, self._shapes.of(node)):
                yield node

    def _lazy(self, node: ast.expr) -> bool:
        if self._shapes.class_of(node) is not None or self._shapes.builtin(node):
            return False
        if isinstance(node, ast.Attribute) and self._shapes.found(node) is None:
            owner = self._shapes.of(node.value)
            code = [self._shapes.classes.function(one, node.attr) for one in owner.options]
            words = [_word(word) for one in code if one is not None for word in one[1].decorator_list]
            if any(code) and not any(word.endswith("property") for word in words):
                return True
            if is_method(owner, node.attr):
                return True
        return once(self._shapes.of(node))
