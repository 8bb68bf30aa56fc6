"""What is done with the parts of a set, and may raise.

`any` and `all` stop at the first part that decides, so whether they come to the part that raises depends on the order.
And where several parts raise, the order says which error is the first. Known to raise nothing are comparisons of plain
values, fields, methods that take every text, and @pure functions that are made of these.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Iterator

from accompanist.language import library
from accompanist.language.held_sets import element, is_set
from accompanist.language.modules import Module
from accompanist.language.names import Names as Aliases
from accompanist.language.nodes import every_node
from accompanist.language.set_classes import Classes
from accompanist.language.set_names import Names
from accompanist.language.set_shapes import Shapes
from accompanist.language.types import BOOL, BYTES, ELLIPSIS, FLOAT, INT, NONE, STR, Type

Body = tuple[Module, ast.FunctionDef, Type | None]
"""A function of the project, and the class that it is a method of."""
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
_DATE, _SPAN = Type("date", "datetime"), Type("timedelta", "datetime")
_ORDERS = ({INT, FLOAT, BOOL}, {STR}, {BYTES}, {_DATE}, {_SPAN})
_SIZED = frozenset({"str", "bytes", "list", "tuple", "dict", "set", "frozenset", "Mapping", "Sequence", "Set"})
_ANY = frozenset({"bool", "isinstance", "set", "frozenset", "list", "tuple", "any", "all"})
_OF_TEXTS = """
    capitalize casefold count endswith find isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric
    isprintable isspace istitle isupper lower lstrip removeprefix removesuffix replace rfind rstrip splitlines
    startswith strip swapcase title upper
"""
_DEEP = 8


class Total:
    """Looks through expressions. `builtin` and `function` say what a call calls, `outer` what is known by a dotted
    name."""

    def __init__(
        self,
        classes: Classes,
        of: Callable[[ast.expr], Type],
        builtin: Callable[[ast.expr], str],
        function: Callable[[ast.expr], Body | None],
        outer: Callable[[ast.expr], bool],
        depth: int = _DEEP,
    ) -> None:
        self._classes, self._of, self._builtin, self._function, self._outer = classes, of, builtin, function, outer
        self._depth = depth

    def gone_through(self, node: Comprehension) -> list[ast.AST]:
        """What may raise while a comprehension is gone through."""
        return list(self._comprehension(node, whole=False))

    def asked(self, node: ast.GeneratorExp | ast.ListComp) -> list[ast.AST]:
        """The same, where each part is asked whether it is true."""
        return [*self._comprehension(node, whole=False), *self._true(node.elt)]

    def _comprehension(self, node: Comprehension, whole: bool = True) -> Iterator[ast.AST]:
        for number, one in enumerate(node.generators):
            yield from self.raising(one.iter) if whole or number else ()
            yield from self._taken_apart(one.target, element(self._of(one.iter)))
            for condition in one.ifs:
                yield from self._asks(condition)
        for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            yield from self.raising(part)

    def _taken_apart(self, target: ast.expr, type: Type) -> Iterator[ast.AST]:
        if isinstance(target, ast.Tuple | ast.List):
            fits = type.name == "tuple" and ELLIPSIS not in type.arguments and len(type.arguments) == len(target.elts)
            yield from () if fits and all(isinstance(one, ast.Name) for one in target.elts) else (target,)

    def raising(self, node: ast.expr) -> Iterator[ast.AST]:
        match node:
            case ast.Constant() | ast.Name() | ast.Lambda():
                return
            case ast.Attribute(value=value, attr=name):
                if not self._outer(node):
                    yield from self.raising(value)
                    yield from () if all(self._has(one, name) for one in self._of(value).options) else (node,)
            case ast.Compare(left=left, ops=ops, comparators=others):
                for one in (left, *others):
                    yield from self.raising(one)
                for one, op, other in zip((left, *others), ops, others, strict=False):
                    yield from () if self._compares(one, op, other) else (node,)
            case ast.BoolOp(values=parts):
                for one in parts:
                    yield from self._asks(one)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                yield from self._asks(operand)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                yield from self._asks(test)
                yield from (*self.raising(body), *self.raising(orelse))
            case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts) | ast.JoinedStr(values=parts):
                for one in parts:
                    yield from self.raising(one)
            case ast.FormattedValue(value=value, format_spec=None):
                yield from self.raising(value)
                yield from () if self._kinds(value) <= {STR, BOOL, NONE} else (node,)
            case ast.Subscript(value=value, slice=index):
                yield from self.raising(value)
                yield from () if self._found(value, index) else (node, *self.raising(index))
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                yield from self._comprehension(node)
            case ast.Call():
                yield from self._call(node)
            case _:
                yield from self._number(node)

    def _number(self, node: ast.expr) -> Iterator[ast.AST]:
        match node:
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                yield from self.raising(operand)
                yield from () if self._kinds(operand) <= {INT, BOOL, FLOAT} else (node,)
            case ast.BinOp(left=left, op=op, right=right):
                yield from (*self.raising(left), *self.raising(right))
                kinds = self._kinds(left) | self._kinds(right)
                whole = isinstance(op, ast.Add | ast.Sub | ast.Mult) and (kinds <= {INT, BOOL} or kinds == {FLOAT})
                divides = isinstance(op, ast.FloorDiv | ast.Mod) and kinds <= {INT, BOOL}
                known = divides and isinstance(right, ast.Constant) and bool(right.value)
                yield from () if whole or known or (isinstance(op, ast.Add) and kinds == {STR}) else (node,)
            case _:
                yield node

    def _asks(self, node: ast.expr) -> Iterator[ast.AST]:
        yield from self.raising(node)
        yield from self._true(node)

    def _true(self, node: ast.expr) -> Iterator[ast.AST]:
        """Whether a value is true is said by code of its class, if there is any."""
        owners = [one for one in self._of(node).options if self._classes.definition(one) is not None]
        asked = any(self._classes.function(one, name) for one in owners for name in ("__bool__", "__len__"))
        yield from (node,) if asked else ()

    def _kinds(self, node: ast.expr) -> set[Type]:
        match node:
            case ast.Call(func=ast.Attribute(attr="get"), args=[_]):
                return {*self._of(node).options, NONE}
        return {*self._of(node).options}

    def _compares(self, one: ast.expr, op: ast.cmpop, other: ast.expr) -> bool:
        sides = self._kinds(one) | self._kinds(other)
        match op:
            case ast.Is() | ast.IsNot():
                return True
            case ast.In() | ast.NotIn():
                texts = self._kinds(other) == {STR} and self._kinds(one) == {STR}
                within = all(kind.name in _SIZED - {"str", "bytes"} or is_set(kind) for kind in self._kinds(other))
                return texts or (within and all(map(self._equal, sides)))
            case ast.Eq() | ast.NotEq():
                return all(map(self._equal, sides))
        return any(sides <= kinds for kinds in _ORDERS)

    def _equal(self, type: Type) -> bool:
        """Whether values of a type are compared without code of the project."""
        if type.module and self._classes.definition(type) is not None:
            return self._classes.function(type, "__eq__") is None
        return all(map(self._equal, type.arguments))

    def _has(self, owner: Type, name: str) -> bool:
        """Whether every value of a type has such an attribute, and reading it raises nothing."""
        if library.field(owner, name).known:
            return True
        if self._classes.definition(owner) is None:
            return False
        if self._classes.enum(owner) and name in ("value", "name"):
            return True
        code = self._classes.function(owner, name)
        return name in self._classes.fields(owner) if code is None else self._body((*code, owner))

    def _found(self, value: ast.expr, index: ast.expr) -> bool:
        kinds = self._kinds(value)
        if isinstance(index, ast.Slice):
            bounds = [one for one in (index.lower, index.upper) if one is not None]
            return index.step is None and kinds <= {STR, BYTES} and all(self._kinds(one) <= {INT} for one in bounds)
        match index, [*kinds]:
            case ast.Constant(value=int(number)), [Type("tuple", "", parts)] if ELLIPSIS not in parts:
                return -len(parts) <= number < len(parts)
        return False

    def _call(self, node: ast.Call) -> Iterator[ast.AST]:
        words = [word.value for word in node.keywords]
        for one in (*node.args, *words):
            yield from self.raising(one)
        name, kinds = self._builtin(node.func), [self._kinds(one) for one in node.args]
        if name:
            yield from () if self._total(name, node, kinds) else (node,)
        elif (function := self._function(node.func)) is not None:
            yield from () if self._body(function) else (node, node)  # which error it raises is not looked at
        elif isinstance(node.func, ast.Attribute):
            owner = node.func.value
            yield from self.raising(owner)
            yield from () if self._method(self._kinds(owner), node.func.attr, kinds, words) else (node,)
        else:
            yield node

    def _total(self, name: str, node: ast.Call, kinds: list[set[Type]]) -> bool:
        """Whether a builtin takes every value of these types."""
        if len(kinds) == 1 and name in ("str", "repr"):
            return kinds[0] <= {STR, BOOL, NONE, FLOAT}
        if len(kinds) == 1 and name == "len":
            return all(kind.name in _SIZED or is_set(kind) for kind in kinds[0])
        if len(kinds) == 1 and name == "abs":
            return kinds[0] <= {INT, BOOL, FLOAT}
        if name in ("any", "all") and len(node.args) == 1 and isinstance(node.args[0], ast.GeneratorExp):
            return not self.asked(node.args[0])
        return name in _ANY or (name in ("min", "max") and len(kinds) > 1 and set().union(*kinds) <= {INT, BOOL})

    def _method(self, owner: set[Type], name: str, given: list[set[Type]], words: list[ast.expr]) -> bool:
        if owner == {STR}:
            wanted = {INT} if name == "count" else {STR}
            return name in _OF_TEXTS.split() and not words and all(one <= {STR} | wanted for one in given)
        if all(one.name in ("dict", "Mapping") for one in owner):
            return name in ("keys", "values", "items") or (name == "get" and len(given) < 3)
        code = [self._classes.function(one, name) for one in owner]
        bodies = [(*one, kind) for one, kind in zip(code, owner, strict=True) if one is not None]
        return bool(code) and len(bodies) == len(code) and all(map(self._body, bodies))

    def _body(self, body: Body) -> bool:
        """Whether a function of the project raises nothing: it only binds names, branches and returns."""
        home, node, owner = body
        known, key = self._classes.total, (id(node), owner)
        if key not in known:
            known[key] = False  # while it is looked at
            known[key] = self._of_body(home, node, owner)
        return known[key]

    def _of_body(self, home: Module, node: ast.FunctionDef, owner: Type | None) -> bool:
        if not self._depth or any(isinstance(one, ast.Yield | ast.YieldFrom | ast.Await) for one in every_node(node)):
            return False
        shapes = Shapes(self._classes.modules, self._classes, home)
        Names(shapes, node, owner)
        inner = of_shapes(shapes, self._depth - 1)
        return all(inner.line(one) for one in node.body)

    def line(self, node: ast.stmt) -> bool:
        match node:
            case ast.Return(value=value):
                return value is None or not [*self.raising(value)]
            case ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(target=ast.Name(), value=value):
                return value is None or not [*self.raising(value)]
            case ast.If(test=test, body=body, orelse=orelse):
                return not [*self._asks(test)] and all(map(self.line, (*body, *orelse)))
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                return True
        return False


def of_shapes(shapes: Shapes, depth: int = _DEEP) -> Total:
    """The same, in a @pure function."""

    def function(node: ast.expr) -> Body | None:
        found = shapes.found(node)
        home = shapes.home_of(found) if found is not None else None
        code = found.node if found is not None else None
        return (home, code, None) if home is not None and isinstance(code, ast.FunctionDef) else None

    def outer(node: ast.expr) -> bool:
        if isinstance(node, ast.Attribute) and (owner := shapes.class_of(node.value)) is not None:
            return shapes.classes.enum(owner) and shapes.classes.function(owner, node.attr) is None
        return shapes.found(node) is not None

    return Total(shapes.classes, shapes.of, shapes.builtin, function, outer, depth)


def of_names(names: Aliases, classes: Classes, of: Callable[[ast.expr], Type], env: Container[str]) -> Total:
    """The same, in a choreography. `env`: its names."""

    def named(node: ast.expr) -> tuple[str, str] | None:
        return names.table.get(node.id) if isinstance(node, ast.Name) and node.id not in env else None

    def builtin(node: ast.expr) -> str:
        return node.id if isinstance(node, ast.Name) and node.id not in env and named(node) is None else ""

    def function(node: ast.expr) -> Body | None:
        pair = named(node)
        home = names.modules.find(pair[0]) if pair is not None else None
        code = home.bound.get(pair[1], [None])[-1] if home is not None and pair is not None else None
        return (home, code, None) if home is not None and isinstance(code, ast.FunctionDef) else None

    def outer(node: ast.expr) -> bool:
        return isinstance(node, ast.Attribute) and named(node.value) is not None

    return Total(classes, of, builtin, function, outer)


def shows_error(caught: int, raising: list[ast.AST]) -> bool:
    """Whether it shows which error came first. `caught`: 0 if no `try` is around, 1 if its one handler does not look at
    the error and takes some kinds of errors only, 2 if it may be looked at."""
    several = len(raising) > 1
    return bool(raising) and (caught == 2 or (caught == 1 and several))


def caught(node: ast.Try | ast.TryStar) -> int:
    """What the handlers of a `try` show of an error that is raised in it, see `shows_error`."""
    if not node.handlers:
        return 0
    names = [one.name for one in node.handlers if one.name]
    loads = {one.id for handler in node.handlers for one in every_node(handler) if isinstance(one, ast.Name)}
    if len(node.handlers) > 1 or any(name in loads for name in names):
        return 2
    kind = node.handlers[0].type
    return 0 if kind is None or (isinstance(kind, ast.Name) and kind.id in ("Exception", "BaseException")) else 1
