"""Which errors come out of a @pure function, where the order of a set says which of them it is.

A comprehension over a set may raise for several of its parts: the order says for which one first. That shows where the
error is caught, and this may be in another function, or an `attempt`. So for each function it is known which errors may
come out of it, out of what it calls, and out of what runs when Python makes, compares or shows an object.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from accompanist.language.checks.functions.body_parts import CATCH_ALL, catches
from accompanist.language.checks.order.total import NONE, UNKNOWN, Kinds
from accompanist.language.checks.order.work import Work
from accompanist.language.checks.sets.classes import Classes
from accompanist.language.checks.sets.names import NameShapes
from accompanist.language.checks.sets.shapes import Shapes
from accompanist.language.checks.sets.tells import tells
from accompanist.language.reading import below
from accompanist.language.reading.held_sets import is_set
from accompanist.language.reading.modules import Module, Reference
from accompanist.language.text.nodes import children, every_node
from accompanist.language.types import Type

_MADE = frozenset({"model_post_init"})
_ANY = frozenset({"callable", "object", "type"})
"""Types of what may be a class, or anything."""
THERE = "sorted(…) of the set there"
INSTEAD = f"{THERE}, or one `except Exception:` here that does not look at the error"


class Code(NamedTuple):
    """A function, or a method of a class."""

    home: Module
    node: ast.FunctionDef
    owner: Type | None = None


class Raised(NamedTuple):
    """Errors that one comprehension over a set may raise, of which the order says the first."""

    kinds: Kinds
    code: Code
    line: int

    def text(self, home: Module) -> str:
        place = f"line {self.line}" + ("" if self.code.home is home else f" of {self.code.home.name}")
        return (
            f"which error {self.code.node.name} raises first depends on the order of the set in {place}; here it shows"
        )


class _ErrorsOfFunction(NamedTuple):
    """What one function raises itself; what it calls; and whether it tells errors from one another."""

    own: list[Raised]
    calls: list[Code]
    tells: bool


class Errors:
    """Looks at the functions of a project, at each once."""

    def __init__(self, classes: Classes) -> None:
        self.classes = classes
        self._known: dict[int, _ErrorsOfFunction] = {}
        self._made: dict[int, Code] = {}
        self._members: dict[str, list[Code]] = {}
        self._opened = 0

    def of(self, codes: Iterator[Code]) -> list[Raised]:
        """What may come out of some functions."""
        return [one for read in self._reached(codes) for one in read.own]

    def tells(self, codes: Iterator[Code]) -> bool:
        """Whether some functions, or what they call, tell errors from one another."""
        return any(read.tells for read in self._reached(codes))

    def named(self, found: Reference | None) -> Iterator[Code]:
        """What runs where a function or a class is called."""
        home = self.classes.modules.find(found.module) if found is not None else None
        if found is None or home is None:
            return
        if isinstance(found.node, ast.FunctionDef):
            yield Code(home, found.node)
        elif isinstance(found.node, ast.ClassDef):
            yield from self.special(Type(found.name, found.module), making=True)
        elif isinstance(found.node, ast.Assign | ast.AnnAssign) and found.node.value is not None:
            yield self._computed(home, found.node.value)  # another name of a function, or something that has one in it

    def special(self, type: Type, making: bool = False) -> Iterator[Code]:
        """What Python calls of a value of a class: `__eq__`, `__str__`. `making`: also where it makes one."""
        for one in self.classes.lineage(type):
            if (definition := self.classes.definition(one)) is None:
                continue
            home, node = definition
            for part in (part for part in node.body if isinstance(part, ast.FunctionDef)):
                makes = making and (below.makes_objects(part.name) or part.name in _MADE)
                yield from (Code(home, part, type),) if makes or below.is_special(part) else ()
            for made in below.default_factories(node) if making else ():
                yield self._computed(home, made)

    def _computed(self, home: Module, node: ast.expr) -> Code:
        """An expression, or what a lambda computes, as a function."""
        if id(node) not in self._made:
            self._made[id(node)] = Code(home, _function(node))
        return self._made[id(node)]

    def member(self, owner: Type, name: str) -> Iterator[Code]:
        """The methods and properties of such a name, unless the value is one of Python's own."""
        if all(one.known and not one.module and one.name not in _ANY for one in owner.options):
            return
        opened = self.classes.modules.opened
        if self._opened != len(opened):
            self._members, self._opened = {}, len(opened)
            for home in opened:
                for made in (one for one in home.tree.body if isinstance(one, ast.ClassDef)):
                    for part in (one for one in made.body if isinstance(one, ast.FunctionDef)):
                        code = Code(home, part, Type(made.name, home.name))
                        self._members.setdefault(part.name, []).append(code)
        yield from self._members.get(name, ())

    def of_value(self, type: Type) -> Iterator[Code]:
        """What Python calls of a value, and of what is in it; it may be of a class below the one that is declared."""
        for one in self.classes.parts(type) if type.module or type.arguments else ():
            derived = self.classes.below.of(one) if self.classes.definition(one) is not None else []
            for each in (one, *(Type(name, home.name) for home, name in derived)):
                yield from self.special(each)

    def within(self, part: ast.AST, shapes: Shapes) -> Iterator[Code]:
        """What runs where a part of an expression is computed; a name counts as a call."""
        match part:
            case ast.Name(ctx=ast.Load()):
                yield from self.named(shapes.found(part))
            case ast.Attribute(value=owner, attr=name):
                found = shapes.found(part)
                yield from self.named(found) if found is not None else self.member(shapes.of(owner), name)
        for one in asked_of(part):
            yield from self.of_value(shapes.of(one))

    def _reached(self, codes: Iterator[Code]) -> list[_ErrorsOfFunction]:
        waiting, read = list(codes), list[_ErrorsOfFunction]()
        seen = {id(one.node) for one in waiting}
        for code in waiting:
            read.append(self._one(code))
            more = [one for one in read[-1].calls if id(one.node) not in seen]
            seen |= {id(one.node) for one in more}
            waiting += more
        return read

    def _one(self, code: Code) -> _ErrorsOfFunction:
        if id(code.node) not in self._known:
            shapes = Shapes(self.classes.modules, self.classes, code.home)
            NameShapes(shapes, code.node, code.owner)
            work = Work(self.classes, code.home, code.node, code.owner)
            own, calls = list[Raised](), list[Code]()
            for part in _uncaught(code.node, shapes):
                if kinds := raised(part, shapes, work):
                    own.append(Raised(kinds, code, getattr(part, "lineno", 0)))
                calls += self.within(part, shapes)
            telling = any(tells(part) for part in every_node(code.node))
            self._known[id(code.node)] = _ErrorsOfFunction(own, calls, telling)
        return self._known[id(code.node)]


def asked_of(part: ast.AST) -> list[ast.expr]:
    """The values of which Python may call something by itself: they are compared, shown, gone through."""
    match part:
        case ast.Call(args=args, keywords=words):
            return [
                *(one.value if isinstance(one, ast.Starred) else one for one in args),
                *(one.value for one in words),
            ]
        case ast.Compare(left=left, comparators=others):
            return [left, *others]
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.FormattedValue(value=one) | ast.UnaryOp(operand=one):
            return [one]
        case ast.BoolOp(values=parts) | ast.Set(elts=parts):
            return parts
        case ast.Dict(keys=keys):
            return [one for one in keys if one is not None]
        case ast.Subscript(value=one, slice=index):
            return [one, index]
        case ast.IfExp(test=one) | ast.If(test=one) | ast.While(test=one) | ast.For(iter=one) | ast.Match(subject=one):
            return [one]
        case ast.comprehension(iter=one, ifs=conditions):
            return [one, *conditions]
        case ast.SetComp(elt=one) | ast.DictComp(key=one) | ast.withitem(context_expr=one):
            return [one]
    return []


def place(part: ast.AST) -> ast.expr:
    """Where to report what runs in a part: the expression, or what a statement asks."""
    return part if isinstance(part, ast.expr) else asked_of(part)[0]


def raised(part: ast.AST, shapes: Shapes, work: Work) -> Kinds:
    """What going through a set may raise in such a part."""
    match part:
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
            through = any(is_set(shapes.of(one.iter)) for one in part.generators)
            return work.kinds(part) if through else NONE
        case ast.Call(args=[function, *others]) if shapes.builtin(part.func) in ("map", "filter"):
            through = any(is_set(shapes.of(one)) for one in others)
            return UNKNOWN if through and shapes.builtin(function) != "len" else NONE
    return NONE


def _uncaught(node: ast.AST, shapes: Shapes) -> Iterator[ast.AST]:
    """The parts of a function whose errors may come out of it."""
    others = {name for name in CATCH_ALL if not shapes.builtin(ast.Name(name, ast.Load()))}
    waiting = [node]
    for part in waiting:
        yield part
        whole = isinstance(part, ast.Try) and catches(part, others)
        raises = whole and any(isinstance(one, ast.Raise) for one in every_node(part))
        body = part.body if isinstance(part, ast.Try) and whole and not raises else []
        waiting += [one for one in children(part) if not any(one is line for line in body)]


def _function(node: ast.expr) -> ast.FunctionDef:
    """A function that computes an expression, or what a lambda does."""
    nothing = ast.arguments([], [], None, [], [], None, [])
    given, value = (node.args, node.body) if isinstance(node, ast.Lambda) else (nothing, node)
    made = ast.FunctionDef("the lambda", given, [ast.copy_location(ast.Return(value), node)], [])
    return ast.copy_location(made, node)
