"""The uses of a set that do not show its order. Whatever is not here may show it, and is refused.

A value that has a set in it may be bound, put into another one, compared, asked whether it is empty, and taken apart as
far as it has an order of its own. What goes through a set itself makes another set of it, or asks something of all its
parts. For calls see `set_calls`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language.checks.order.calls import CallsShowingOrder, by_repr
from accompanist.language.checks.order.caught import Levels, levels
from accompanist.language.checks.order.work import Work
from accompanist.language.checks.sets.names import NameShapes
from accompanist.language.checks.sets.operators import OPERATORS
from accompanist.language.checks.sets.parameters import takes
from accompanist.language.checks.sets.shapes import Shapes
from accompanist.language.reading.held_sets import AS_STR, element, is_set, value
from accompanist.language.text.nodes import children, every_node
from accompanist.language.types import ELLIPSIS, Type

_KEEPS = (
    *(ast.Expr, ast.NamedExpr, ast.Compare, ast.BoolOp, ast.IfExp, ast.Tuple, ast.List, ast.Set, ast.Dict, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp, ast.If, ast.While, ast.Match, ast.match_case),
    *(ast.MatchValue, ast.MatchClass, ast.MatchMapping, ast.Delete),
)
"""Where any value may stand: what comes of it is known, see `set_shapes`, or does not depend on an order."""


class Uses:
    """The places of one function where the order of a set may show."""

    def __init__(self, shapes: Shapes, names: NameShapes, gives: Type, work: Work) -> None:
        """`gives`: what the function says that it gives."""
        self._shapes, self._gives = shapes, gives
        self._calls = CallsShowingOrder(shapes, names, work)
        self._quiet: set[int] = set()  # what goes through a set, and what comes of it shows no order
        self._inner: set[int] = set()  # of functions within this one
        self._methods: set[int] = set()  # what a call calls
        self._counted: set[int] = set()  # of what is in it only the number is asked, or whether it is equal
        self._caught: Levels = {}

    def shown(self, node: ast.FunctionDef) -> Iterator[ast.expr]:
        self._caught = levels(node)
        parts = list(_run([node.args, *node.body]))
        for part in parts:
            self._prepare(part)
        for part in parts:
            yield from self._refused(part)

    def _prepare(self, part: ast.AST) -> None:
        match part:
            case ast.FunctionDef() | ast.Lambda():
                self._inner |= {id(one) for one in every_node(part)}
            case ast.SetComp():
                same = self._calls.hiding.same_work(part, self._caught.get(id(part), 0))
                self._quiet |= (
                    {id(part)} if same and (id(part) in self._counted or self._calls.hiding.keeps(part)) else set()
                )
            case ast.Compare(left=left, comparators=others):
                self._counted |= {id(one) for one in (left, *others)}
            case ast.Set(elts=parts):
                self._quiet |= {id(one) for one in parts}
            case ast.Call():
                self._methods.add(id(part.func))
                self._counted |= {id(one) for one in part.args if self._shapes.builtin(part.func) == "len"}
                self._quiet |= {id(one) for one in self._calls.hiding.hidden(part, self._caught.get(id(part), 0))}

    def _refused(self, part: ast.AST) -> Iterator[ast.expr]:
        of, holds = self._shapes.of, self._shapes.holds
        match part:
            case ast.Call():
                yield from self._calls.refused(part, id(part) in self._quiet)
            case ast.For(target=target, iter=iterated):
                yield from self._gone_through(target, iterated)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                for one in part.generators:
                    yield from self._gone_through(one.target, one.iter, id(part) in self._quiet)
            case ast.Assign(targets=targets, value=given):
                yield from (one for target in targets for one in self._stored(target, given, of(given)))
            case ast.AnnAssign(target=target, value=ast.expr() as given):
                yield from self._stored(target, given, of(given))
            case ast.AugAssign(target=target, op=op, value=given) if holds(given):
                known = isinstance(op, OPERATORS) or (isinstance(op, ast.Add) and not is_set(of(given)))
                yield from () if known and self._calls.rooted(target) else (given,)
            case ast.Return(value=ast.expr() as given):
                inner = id(part) in self._inner
                yield from () if inner or takes(self._shapes.classes, self._gives, of(given)) else (given,)
            case ast.arguments():
                yield from self._defaults(part)
            case ast.FormattedValue(value=given, conversion=how):
                yield from self._calls.written(given, how not in AS_STR)
            case _ if isinstance(part, ast.Starred) and isinstance(part.ctx, ast.Load):
                loose = is_set(of(part.value)) or self._shapes.classes.opaque(of(part.value))
                yield from (part.value,) if loose and id(part) not in self._quiet else ()
            case _:
                yield from self._within(part)

    def _within(self, part: ast.AST) -> Iterator[ast.expr]:
        of, holds = self._shapes.of, self._shapes.holds
        match part:
            case ast.Attribute(value=owner) if holds(owner):
                field = self._shapes.class_of(owner) or all(map(self._has_fields, of(owner).options))
                place = part if of(owner).name == "callable" else owner  # `set.pop`
                yield from () if field or id(part) in self._methods else (place,)
            case ast.Subscript(value=owner) if self._shapes.classes.opaque(of(owner)):
                yield owner
            case ast.BinOp(left=left, op=ast.Mod(), right=ast.Tuple(elts=parts)):
                yield from (one for each in parts for one in self._calls.written(each, by_repr(left, "r", "a")))
            case ast.BinOp(left=left, op=ast.Mod(), right=right):
                yield from self._calls.written(right, by_repr(left, "%r", "%a", "%("))
            case ast.BinOp(left=left, op=op, right=right):
                plain = isinstance(op, ast.Add | ast.Mult) and not is_set(of(left)) and not is_set(of(right))
                for one in (left, right) if not plain and not isinstance(op, OPERATORS) else ():
                    yield from (one,) if holds(one) else ()
            case ast.UnaryOp(op=ast.Not()) | ast.Subscript() | ast.keyword() | ast.comprehension():
                return
            case ast.arg() | ast.AnnAssign() | ast.FunctionDef() | ast.Starred():  # annotations; targets
                return
            case _ if not isinstance(part, _KEEPS):
                yield from (one for one in children(part) if isinstance(one, ast.expr) and holds(one))

    def _has_fields(self, type: Type) -> bool:
        return type.name == "None" or self._shapes.classes.definition(type) is not None

    def _gone_through(self, target: ast.expr, iterated: ast.expr, quiet: bool = False) -> Iterator[ast.expr]:
        type = self._shapes.of(iterated)
        if (is_set(type) and not quiet) or self._shapes.classes.opaque(type):
            yield iterated
        elif self._taken_apart(target, element(type)):
            yield target

    def _stored(self, target: ast.expr, given: ast.expr, type: Type) -> Iterator[ast.expr]:
        """A value is put where it is known from then on, and is not taken apart."""
        match target:
            case ast.Attribute(value=owner, attr=name):
                known = takes(self._shapes.classes, self._shapes.attribute(self._shapes.of(owner), name), type)
            case ast.Subscript(slice=ast.Slice()):
                known = not is_set(type) and (self._calls.rooted(target) or not self._shapes.classes.holds(type))
            case ast.Subscript():
                known = self._calls.rooted(target) or not self._shapes.classes.holds(type)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                if isinstance(given, ast.Tuple | ast.List) and len(given.elts) == len(parts) and not _spread(given):
                    for part, one in zip(parts, given.elts, strict=True):
                        yield from self._stored(part, one, self._shapes.of(one))
                    return
                known = not self._taken_apart(target, type)
            case ast.Starred(value=inner):
                yield from self._stored(inner, given, type)
                return
            case _:
                known = True
        yield from () if known else (given,)

    def _taken_apart(self, target: ast.expr, type: Type) -> bool:
        """Whether a target of several names takes a set apart."""
        if not isinstance(target, ast.Tuple | ast.List):
            return False
        if is_set(type) or self._shapes.classes.opaque(type):
            return True
        fixed = type.name == "tuple" and ELLIPSIS not in type.arguments and not _spread(target)
        inner = (value(type, ast.Constant(n)) if fixed else element(type) for n in range(len(target.elts)))
        return any(self._taken_apart(part, one) for part, one in zip(target.elts, inner, strict=True))

    def _defaults(self, arguments: ast.arguments) -> Iterator[ast.expr]:
        """A default is such a value as its parameter says, in a function that is seen from elsewhere."""
        positional = [*arguments.posonlyargs, *arguments.args]
        given = list(zip(reversed(positional), reversed(arguments.defaults), strict=False))
        for one, default in [*given, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
            if default is not None and id(arguments) not in self._inner:
                said = self._shapes.annotated(one.annotation)
                yield from () if takes(self._shapes.classes, said, self._shapes.of(default)) else (default,)


def _run(nodes: list[ast.AST]) -> Iterator[ast.AST]:
    """Every node that runs: annotations do not."""
    for node in nodes:
        yield node
        said = getattr(node, "annotation", None) or getattr(node, "returns", None)
        yield from _run([part for part in children(node) if part is not said])


def _spread(node: ast.Tuple | ast.List) -> bool:
    return any(isinstance(part, ast.Starred) for part in node.elts)
