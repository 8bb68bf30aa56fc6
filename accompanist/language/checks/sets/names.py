"""What the names of a @pure function may be bound to, as far as sets are concerned, see `set_shapes`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist import limits
from accompanist.language.checks.sets.classes import Classes
from accompanist.language.checks.sets.guards import guarded
from accompanist.language.checks.sets.shapes import Shapes
from accompanist.language.reading import held_sets
from accompanist.language.reading.held_sets import LOST, element, is_set, joined, made
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules
from accompanist.language.text.nodes import every_node
from accompanist.language.types import ELLIPSIS, STR, UNKNOWN, Type

PUTS_IN = frozenset({"append", "appendleft", "add", "insert"})
_PASSES_ON = frozenset({"get", "setdefault"})


def classes(modules: Modules, messages: Messages) -> Classes:
    """The classes of a project, with what is written in their bodies."""

    def of(home: Module, node: ast.expr) -> Type:
        shapes = Shapes(modules, found, home)
        NameShapes(shapes, around(ast.Expr(node)))
        return shapes.of(node)

    found = Classes(modules, messages, of)
    return found


def around(*lines: ast.stmt) -> ast.FunctionDef:
    """A function that has only these statements in it."""
    nothing = ast.arguments([], [], None, [], [], None, [])
    return ast.FunctionDef(name="", args=nothing, body=[*lines], decorator_list=[])


class NameShapes:
    """What the names of a function may be. `owner` is the class that it is a method of."""

    def __init__(self, shapes: Shapes, node: ast.FunctionDef, owner: Type | None = None) -> None:
        self._shapes, self._named = shapes, shapes.named
        self._parts = every_node(node)
        self._nested = [one for one in self._parts if isinstance(one, ast.FunctionDef) and one is not node]
        self._aliases: dict[str, list[tuple[ast.expr, bool]]] = {}
        self._functions: dict[str, list[ast.expr | ast.FunctionDef]] = {}
        shapes.without = guarded(self._parts)
        self._begin(node, owner)
        for _ in range(limits.set_turns_max):
            before = dict(self._named)
            shapes.forget()
            for part in self._parts:
                self._look(part)
            self._parts.reverse()
            if before == self._named:
                return
        if any(map(shapes.classes.holds, self._named.values())):
            self._named |= dict.fromkeys(self._named, LOST)
        shapes.forget()

    def function(self, node: ast.expr) -> ast.Lambda | ast.FunctionDef | None:
        """The function within this one that a name certainly is, or that is written here."""
        known = self._functions.get(node.id, []) if isinstance(node, ast.Name) else [node]
        found = known[0] if len(known) == 1 else None
        return found if isinstance(found, ast.Lambda | ast.FunctionDef) else None

    def _begin(self, node: ast.FunctionDef, owner: Type | None) -> None:
        for part in self._parts:
            match part:
                case ast.arg(arg=name, annotation=said):
                    self._named[name] = joined(self._named.get(name, UNKNOWN), self._shapes.annotated(said))
                    self._functions.setdefault(name, []).append(ast.Constant(None))
                case ast.Name(id=name, ctx=ast.Store()):
                    self._named.setdefault(name, UNKNOWN)
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
                    self._named.setdefault(name, UNKNOWN)
                case ast.MatchMapping(rest=str(name)):
                    self._named.setdefault(name, UNKNOWN)
                case ast.FunctionDef(name=name) if part is not node:
                    self._named.setdefault(name, UNKNOWN)
                    self._functions.setdefault(name, []).append(part)
            self._note(part)
        if owner is not None and (first := [*node.args.posonlyargs, *node.args.args]):
            self._named[first[0].arg] = owner
        self._several(node.args)

    def _several(self, arguments: ast.arguments) -> None:
        """`*names` is several of what is said of one, `**names` a dict of it."""
        if arguments.vararg is not None:
            self._named[arguments.vararg.arg] = made("list", self._named[arguments.vararg.arg])
        if arguments.kwarg is not None:
            self._named[arguments.kwarg.arg] = made("dict", STR, self._named[arguments.kwarg.arg])

    def _note(self, part: ast.AST) -> None:
        """Note what a name is another name for, or a part of, and which function it is."""
        match part:
            case ast.Assign(targets=targets, value=value):
                for one in targets:
                    if isinstance(one, ast.Name):
                        self._aliases.setdefault(one.id, []).append((value, False))
                        self._functions.setdefault(one.id, []).append(value)
                    else:
                        self._no_function(one)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                self._aliases.setdefault(name, []).append((value, False))
                self._functions.setdefault(name, []).append(value)
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                self._aliases.setdefault(name, []).append((value, False))
                self._functions.setdefault(name, []).append(value)
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                for part in every_node(target):
                    if isinstance(part, ast.Name):
                        self._aliases.setdefault(part.id, []).append((value, True))
                self._no_function(target)

    def _no_function(self, target: ast.expr) -> None:
        for one in every_node(target):
            if isinstance(one, ast.Name):
                self._functions.setdefault(one.id, []).append(ast.Constant(None))

    def _look(self, part: ast.AST) -> None:
        of = self._shapes.of
        match part:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self._bind(target, of(value))
            case ast.AnnAssign(target=target, annotation=written, value=value):
                self._bind(target, self._shapes.annotated(written))
                if value is not None:
                    self._bind(target, of(value))
            case ast.AugAssign(target=target, op=ast.Add(), value=value) if element(of(value)) != UNKNOWN:
                self._put(target, made("list", element(of(value))))
            case ast.AugAssign(target=target, value=value):
                self._put(target, of(value))
            case ast.NamedExpr(target=target, value=value):
                self._bind(target, of(value))
            case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                self._bind(target, self._shapes.element(value))
            case ast.withitem(context_expr=value, optional_vars=ast.expr() as target):
                self._bind(target, of(value))
            case ast.Match(subject=value, cases=cases):
                for case in cases:
                    self._pattern(case.pattern, of(value))
            case ast.arguments():
                self._defaults(part)
            case ast.FunctionDef(name=name, returns=gives) if part in self._nested:
                returned = [of(one.value) for one in every_node(part) if isinstance(one, ast.Return) and one.value]
                self._add(name, made("callable", joined(self._shapes.annotated(gives), *returned)))
            case ast.Try(body=body, handlers=handlers):
                keys = [key for line in body for one in every_node(line) for key in looked_for(one)]
                for handler in handlers if any(map(self._shapes.holds, keys)) else ():
                    self._add(handler.name or "", LOST)  # the text of a KeyError shows the key
            case ast.Call():
                self._called(part)

    def _defaults(self, arguments: ast.arguments) -> None:
        positional = [*arguments.posonlyargs, *arguments.args]
        given = list(zip(reversed(positional), reversed(arguments.defaults), strict=False))
        for one, value in [*given, *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]:
            if value is not None:
                self._add(one.arg, self._shapes.of(value))

    def _put(self, owner: ast.expr, type: Type, depth: int = limits.set_depth_max) -> None:
        """Something is put into a value: it is in all that the value is another name for, or a part of, too."""
        self._bind(owner, type)
        root, type = self._root(owner, type)
        for value, part in self._aliases.get(root, []) if depth else ():
            place = self._root(value, type)[0]
            if place and place != root:
                self._put(value, made("list", type) if part else type, depth - 1)
            elif part and isinstance(value, ast.Call):  # `enumerate(rows)`, `zip(rows, others)`
                for one in value.args:
                    self._bind(one, made("list", type))

    def _root(self, owner: ast.expr, type: Type) -> tuple[str, Type]:
        """The name that a place is in, nothing if there is none, and what that name is if this is put there."""
        match owner:
            case ast.Name(id=name):
                return name, type
            case ast.Subscript(value=inner, slice=ast.Slice()):
                return self._root(inner, made("list", element(type)))
            case ast.Subscript(value=inner):
                listed = self._shapes.of(inner).name == "list"
                return self._root(inner, made("list", type) if listed else made("dict", UNKNOWN, type))
            case ast.Call(func=ast.Attribute(value=inner, attr=attr)) if attr in _PASSES_ON:
                return self._root(inner, made("dict", UNKNOWN, type))
            case ast.Call(func=ast.Attribute(value=inner, attr="values" | "items"), args=[]):
                return self._root(inner, made("dict", UNKNOWN, element(type)))
        return "", type

    def rooted(self, owner: ast.expr) -> bool:
        """Whether it is known in which name's value something is put."""
        return bool(self._root(owner, UNKNOWN)[0])

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
            case ast.Subscript() | ast.Call():
                root, whole = self._root(target, type)
                if root:
                    self._add(root, whole)

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
        owner, classes = self._shapes.annotated(cls), self._shapes.classes
        if not owner.module:
            for one in patterns:
                self._pattern(one, type)
            return
        filled = [one for one in type.options if one.arguments and (one.module, one.name) == (owner.module, owner.name)]
        for name, one in [*zip(classes.fields(owner), patterns, strict=False), *named]:
            self._pattern(one, joined(*(self._shapes.attribute(each, name) for each in (owner, *filled))))

    def _called(self, node: ast.Call) -> None:
        """What a call puts into a value, and gives to a function that is written inside of this one."""
        of = self._shapes.of
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr=attr), args=[*_, last]) if attr in PUTS_IN:
                self._put(owner, made("set" if attr == "add" else "list", of(last)))
            case ast.Call(func=ast.Attribute(value=owner, attr="extend" | "extendleft"), args=[one]):
                self._put(owner, made("list", self._shapes.element(one)))
            case ast.Call(func=ast.Attribute(value=owner, attr="setdefault"), args=[_, one]):
                self._put(owner, made("dict", UNKNOWN, of(one)))
            case ast.Call(func=ast.Attribute(value=owner, attr="update"), args=[one]):
                into_set = any(map(is_set, of(owner).options))
                kind = "set" if into_set else "list"
                whole = into_set or is_set(of(one))  # a Counter counts what is in a set
                self._put(owner, made(kind, self._shapes.element(one)) if whole else of(one))
            case ast.Call(func=ast.Attribute(value=owner, attr="update"), keywords=[*_, _]):
                self._put(owner, made("dict", STR, joined(*(of(one.value) for one in node.keywords))))
        for taken, value in self._taken(node):
            self._add(taken, value)

    def _taken(self, node: ast.Call) -> Iterator[tuple[str, Type]]:
        """What the parameters of a function within this one are given: by a call of it, or, where it is given to
        another one, the parts of what that one is given, too."""
        of = self._shapes.of
        inner = self.function(node.func)
        if inner is not None:
            arguments = [*inner.args.posonlyargs, *inner.args.args]
            for parameter, part in zip(arguments, node.args, strict=False):
                yield parameter.arg, of(part)
            for keyword in node.keywords:
                yield from ((keyword.arg, of(keyword.value)),) if keyword.arg else ()
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        for part in parts:
            known = self.function(part)
            others = [self._shapes.element(other) for other in parts if other is not part]
            starts = [of(other) for other in parts[2:]]  # what `reduce` begins with
            for parameter in [*known.args.posonlyargs, *known.args.args] if known is not None else ():
                yield parameter.arg, joined(*others, *starts)


def looked_for(node: ast.AST) -> list[ast.expr]:
    """What is looked for, and may be named in an error."""
    match node:
        case ast.Subscript(slice=key):
            return [key]
        case ast.Call(func=ast.Attribute(attr="index" | "remove" | "pop"), args=args):
            return args
    return []
