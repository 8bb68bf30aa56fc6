"""What the names of a @pure function may be bound to, as far as sets are concerned, see `set_shapes`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist import limits
from accompanist.language import held_sets
from accompanist.language.held_sets import element, joined, made
from accompanist.language.set_shapes import Shapes
from accompanist.language.types import ELLIPSIS, UNKNOWN, Type

_PUTS_IN = frozenset({"append", "appendleft", "add", "insert"})


def fill(shapes: Shapes, node: ast.FunctionDef, owner: Type | None) -> None:
    """Find out what the names of a function may be. `owner` is the class that it is a method of."""
    _Names(shapes, node, owner)


class _Names:
    def __init__(self, shapes: Shapes, node: ast.FunctionDef, owner: Type | None) -> None:
        self._shapes, self._named = shapes, shapes.named
        parts = list(ast.walk(node))
        for part in parts:
            if isinstance(part, ast.arg):
                self._named[part.arg] = shapes.annotated(part.annotation)
            elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                self._named.setdefault(part.id, UNKNOWN)
        if owner is not None and node.args.args:
            self._named[node.args.args[0].arg] = owner
        for name in (node.args.vararg, node.args.kwarg):
            if name is not None:
                kind = ("dict", UNKNOWN) if name is node.args.kwarg else ("list",)
                self._named[name.arg] = made(*kind, self._named[name.arg])
        self._nested = {one.name: one for one in parts if isinstance(one, ast.FunctionDef) and one is not node}
        self._nested_lambdas: dict[str, ast.Lambda] = {}
        self._named.update(dict.fromkeys(self._nested, UNKNOWN))
        for _ in range(limits.set_turns_max):
            before = dict(self._named)
            for part in parts:
                self._look(part)
            if before == self._named:
                return

    def _look(self, part: ast.AST) -> None:
        of = self._shapes.of
        match part:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._assigned(target, value)
            case ast.AnnAssign(target=target, annotation=written, value=value):
                self._bind(target, self._shapes.annotated(written))
                if value is not None:
                    self._bind(target, of(value))
            case ast.AugAssign(target=target, op=ast.Add(), value=value):
                self._bind(target, made("list", element(of(value))))
            case ast.AugAssign(target=target, value=value):
                self._bind(target, of(value))
            case ast.NamedExpr(target=target, value=value):
                self._assigned(target, value)
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                self._bind(target, element(of(value)))
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                self._bind(target, of(value))
            case ast.Match(subject=value, cases=cases):
                for case in cases:
                    self._pattern(case.pattern, of(value))
            case ast.FunctionDef(name=name, returns=gives) if self._nested.get(name) is part:
                returned = [of(one.value) for one in ast.walk(part) if isinstance(one, ast.Return) and one.value]
                self._add(name, made("callable", joined(self._shapes.annotated(gives), *returned)))
            case ast.Call():
                self._called(part)

    def _assigned(self, target: ast.expr, value: ast.expr) -> None:
        """Each name is what stands in its place, if what is assigned is written out."""
        if isinstance(target, ast.Name) and isinstance(value, ast.Lambda):
            self._nested_lambdas[target.id] = value
        self._bind(target, self._shapes.of(value))

    def _bind(self, target: ast.expr, type: Type) -> None:
        match target:
            case ast.Name(id=name):
                self._add(name, type)
            case ast.Starred(value=inner):
                self._bind(inner, made("list", element(type)))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                spread = any(isinstance(part, ast.Starred) for part in parts)
                fixed = type.name == "tuple" and ELLIPSIS not in type.arguments and not spread
                for number, part in enumerate(parts):
                    at = ast.Constant(number) if fixed else None
                    one = held_sets.value(type, at) if fixed else element(type)
                    self._bind(part, type if isinstance(part, ast.Starred) else one)
            case ast.Subscript(value=inner, slice=ast.Slice()):
                self._bind(inner, made("list", element(type)))
            case ast.Subscript(value=inner):
                listed = self._shapes.of(inner).name == "list"
                self._bind(inner, made("list", type) if listed else made("dict", UNKNOWN, type))

    def _add(self, name: str, type: Type) -> None:
        self._named[name] = joined(self._named.get(name, UNKNOWN), type)

    def _pattern(self, pattern: ast.pattern, type: Type) -> None:
        match pattern:
            case ast.MatchAs(pattern=inner, name=name):
                if name is not None:
                    self._add(name, type)
                if inner is not None:
                    self._pattern(inner, type)
            case ast.MatchStar(name=str(name)):
                self._add(name, made("list", type))
            case ast.MatchOr(patterns=patterns):
                for one in patterns:
                    self._pattern(one, type)
            case ast.MatchSequence(patterns=patterns):
                for number, one in enumerate(patterns):
                    fixed = type.name == "tuple" and not any(isinstance(each, ast.MatchStar) for each in patterns)
                    self._pattern(one, held_sets.value(type, ast.Constant(number)) if fixed else element(type))
            case ast.MatchMapping(patterns=patterns, rest=rest):
                for one in patterns:
                    self._pattern(one, held_sets.value(type))
                if rest is not None:
                    self._add(rest, type)
            case ast.MatchClass(cls=cls, patterns=patterns, kwd_attrs=names, kwd_patterns=named):
                self._class_pattern(cls, [*patterns], list(zip(names, named, strict=True)), type)

    def _class_pattern(
        self, cls: ast.expr, patterns: list[ast.pattern], named: list[tuple[str, ast.pattern]], type: Type
    ) -> None:
        """`Basket(tags)`, `Basket(tags=t)`; `frozenset() as s` and `set(s)` are the subject itself."""
        owner = self._shapes.annotated(cls)
        if not owner.module:
            for one in patterns:
                self._pattern(one, type)
            return
        for name, one in [*zip(self._shapes.fields(owner), patterns, strict=False), *named]:
            self._pattern(one, self._shapes.attribute(owner, name))

    def _called(self, node: ast.Call) -> None:
        """What a call puts into a value, and gives to a function that is written inside of this one."""
        of = self._shapes.of
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr=attr), args=[*_, last]) if attr in _PUTS_IN:
                self._bind(owner, made("set" if attr == "add" else "list", of(last)))
            case ast.Call(func=ast.Attribute(value=owner, attr="extend" | "extendleft"), args=[one]):
                self._bind(owner, made("list", element(of(one))))
            case ast.Call(func=ast.Attribute(value=owner, attr="setdefault"), args=[_, one]):
                self._bind(owner, made("dict", UNKNOWN, of(one)))
            case ast.Call(func=ast.Attribute(value=owner, attr="update"), args=[one]):
                self._bind(owner, of(one))
        for taken, value in self._taken(node):
            self._add(taken, value)

    def _taken(self, node: ast.Call) -> Iterator[tuple[str, Type]]:
        of, function = self._shapes.of, node.func
        inner: ast.FunctionDef | ast.Lambda | None = function if isinstance(function, ast.Lambda) else None
        if isinstance(function, ast.Name):
            inner = self._nested.get(function.id) or self._nested_lambdas.get(function.id)
        if inner is not None:
            for parameter, part in zip(inner.args.args, node.args, strict=False):
                yield parameter.arg, of(part)
            for keyword in node.keywords:
                yield from ((keyword.arg, of(keyword.value)),) if keyword.arg else ()
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        for part in parts:
            known = self._nested.get(part.id) if isinstance(part, ast.Name) else part
            if isinstance(known, ast.Lambda | ast.FunctionDef):
                others = [element(of(other)) for other in parts if other is not part]
                for parameter in known.args.args:
                    yield parameter.arg, joined(*others)
