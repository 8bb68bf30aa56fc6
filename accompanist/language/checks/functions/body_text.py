"""The text of a @pure function with the names of its module as a choreography's expressions have them: each under one
alias. So the same things are known of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from string import Formatter

from accompanist.language import types
from accompanist.language.reading import annotation, library
from accompanist.language.reading.above import strange
from accompanist.language.reading.constants import changeable
from accompanist.language.reading.modules import Module, Reference
from accompanist.language.reading.names import Names
from accompanist.language.reading.shadowed import rebound, shadowed
from accompanist.language.text.instead import name_it
from accompanist.language.text.nodes import every_node
from accompanist.language.types import Type


class Text:
    """One function's text: `node`, with `names` for its aliases."""

    def __init__(self, names: Names, home: Module, node: ast.FunctionDef) -> None:
        self.own = _bound(node)
        self.names = Names(names.modules, names.messages, home, self.own)
        self._home = home
        made = self._with_aliases(node)
        assert isinstance(made, ast.FunctionDef)
        self.node = made

    def strange(self) -> ast.Name | None:
        """A name that may stand for something else than it seems: one of Python's own that the module binds, one that
        is bound in an `if`, too, a class that is made by code of its own."""
        others = shadowed(self.names.modules, self._home) - self.own - self.names.pairs.keys()
        others |= {alias for alias, pair in self.names.pairs.items() if self._is_strange(*pair)}
        parts = _computed(self.node) if others else []
        return next((one for one in parts if isinstance(one, ast.Name) and one.id in others), None)

    def _is_strange(self, module: str, name: str) -> bool:
        home = self.names.modules.find(module)
        if home is None or name not in home.bound:
            return False
        node = home.bound[name][-1]
        odd = isinstance(node, ast.ClassDef) and bool(strange(self.names.modules, home, node))
        return odd or name in rebound(home)

    def is_class(self, alias: str) -> bool:
        """Whether a name stands for something of a module that can be called."""
        return alias in self.names.table

    def is_foreign(self, alias: str) -> bool:
        """Whether it is of Python's own library."""
        return self.names.modules.find(self.names.table[alias][0]) is None

    def given(self, owner: Type | None) -> dict[str, Type]:
        """The types of the parameters; of the first one of a method too."""
        taken = self.node.args
        found = {one.arg: self.declared(one.annotation) for one in (*taken.posonlyargs, *taken.args, *taken.kwonlyargs)}
        others = (one.arg for one in (taken.vararg, taken.kwarg) if one is not None)
        first = next(iter(taken.args), None)
        static = {ast.unparse(one) for one in self.node.decorator_list} & {"staticmethod", "classmethod"}
        if owner is not None and first is not None and first.annotation is None and not static:
            found[first.arg] = owner
        return {**found, **dict.fromkeys(others, types.UNKNOWN)}

    def local(self) -> dict[str, Type]:
        """The types that names are declared with in the body."""
        return {
            one.target.id: found
            for one in every_node(self.node)
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
            if (found := self.declared(one.annotation)) != types.UNKNOWN
        }

    def declared(self, node: ast.expr | None) -> Type:
        try:
            return annotation.type_of(self.names.modules, self._home, node) if node is not None else types.UNKNOWN
        except annotation.Unresolved:
            return types.UNKNOWN

    def _with_aliases(self, node: ast.AST) -> ast.AST:
        match node:
            case ast.arg() | ast.alias():
                return node
            case ast.AnnAssign(value=None):
                return node
            case ast.Name() | ast.Attribute() if (value := self._changeable(node)) is not None:
                made = name_it(value, annotation.dotted(node))
                for part in ast.walk(made):
                    ast.copy_location(part, node)
                return made
            case ast.Name() | ast.Attribute() if alias := self._alias(node):
                return ast.copy_location(name_it(ast.Name(alias, ast.Load()), annotation.dotted(node)), node)
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format"), keywords=[]):
                if (written := _written(text, node)) is not None:
                    return self._with_aliases(written)
        fields = {name: self._field(name, getattr(node, name, None)) for name in node._fields}
        return ast.copy_location(type(node)(**fields), node)

    def _field(self, name: str, value: object) -> object:
        if name in ("annotation", "returns", "decorator_list"):
            return value
        if isinstance(value, list):
            return [self._with_aliases(one) if isinstance(one, ast.AST) else one for one in value]
        return self._with_aliases(value) if isinstance(value, ast.AST) else value

    def _changeable(self, node: ast.Name | ast.Attribute) -> ast.expr | None:
        """The value of a list or a dict of a module. None changes it (`determinism.state`), so each use has it anew."""
        found = self._meant(node)
        value = self.names.value(found) if found is not None else None
        return value if value is not None and changeable(value) else None

    def _meant(self, node: ast.Name | ast.Attribute) -> Reference | None:
        """What a name of a module stands for."""
        text = annotation.dotted(node)
        if not text or text.partition(".")[0] in self.own or not isinstance(node.ctx, ast.Load):
            return None
        found = self.names.modules.resolve(self._home, text)
        return None if found is None or not found.name or found.word else found

    def _alias(self, node: ast.Name | ast.Attribute) -> str:
        found = self._meant(node)
        if found is None:
            return ""
        pair = (found.module, found.name)
        foreign = pair in library.FUNCTIONS or pair in types.PORTABLE or pair == ("dataclasses", "replace")
        callable_here = foreign if found.node is None else isinstance(found.node, ast.FunctionDef | ast.ClassDef)
        return self.names.constant(found) or (self.names.alias(found.module, found.name) if callable_here else "")


def _computed(node: ast.AST) -> Iterator[ast.AST]:
    """All of a text but what says the types of names, and what stands above."""
    yield node
    for name in node._fields:
        if name not in ("annotation", "returns", "decorator_list"):
            value = getattr(node, name, None)
            for part in value if isinstance(value, list) else [value]:
                if isinstance(part, ast.AST):
                    yield from _computed(part)


def _bound(node: ast.FunctionDef) -> set[str]:
    """The names that a function binds anywhere in it, those of its comprehensions among them."""
    names: set[str] = set()
    for part in every_node(node):
        match part:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                names.add(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.add(name)
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                names |= {(one.asname or one.name).split(".")[0] for one in aliases}
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) if part is not node:
                names.add(name)
    return names


def _written(text: str, node: ast.Call) -> ast.JoinedStr | None:
    """What `"…".format(…)` gives, as an f-string; None if its fields are not one for each value, in their order."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        return None
    fields = [(name, spec or "", how) for _, name, spec, how in parts if name is not None]
    if len(fields) != len(node.args) or any(name or how or "{" in spec for name, spec, how in fields):
        return None
    values: list[ast.expr] = []
    for value, (_, spec, _) in zip(node.args, fields, strict=True):
        written = ast.JoinedStr([ast.Constant(spec)]) if spec else None
        values.append(ast.copy_location(ast.FormattedValue(value, -1, written), value))
    return ast.copy_location(ast.JoinedStr(values), node)
