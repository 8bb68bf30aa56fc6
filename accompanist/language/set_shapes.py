"""What the expressions of a @pure function may be, as far as sets are concerned.

A name may be whatever is bound to it anywhere: by an assignment, a loop, a pattern, or what is put into it. Of a value
whose class is not declared, a field that some message of the project declares as a set is taken to be that.
"""

from __future__ import annotations

import ast

from accompanist.language import annotation, held_sets, types
from accompanist.language.held_sets import element, is_set, joined, made, written
from accompanist.language.messages import Messages, attribute, missing
from accompanist.language.modules import Module, Modules, Reference
from accompanist.language.types import UNKNOWN, Type

OPERATORS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Sub)
_GIVES_SET = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy"})
_LISTS = frozenset({"list", "tuple", "sorted", "reversed", "iter", "deque"})
_SCALARS = frozenset({"len", "str", "repr", "int", "float", "bool", "any", "all", "isinstance", "ord", "chr", "range"})
_TAKES_OUT = frozenset({"get", "setdefault", "pop", "popleft", "popitem", "__getitem__"})
_VIEWS = frozenset({"KeysView", "ItemsView"})


class Shapes:
    """The types of expressions in one function. `named` is filled from outside, see `set_names`."""

    def __init__(self, modules: Modules, messages: Messages, home: Module) -> None:
        self._modules, self._messages, self.home = modules, messages, home
        self.named: dict[str, Type] = {}
        self._fields: dict[str, Type] | None = None

    def annotated(self, node: ast.expr | None) -> Type:
        return written(self._modules, self.home, node)

    def holds_set(self, type: Type) -> bool:
        return held_sets.holds_set(self._messages, type)

    def found(self, node: ast.expr) -> Reference | None:
        """What a name or a dotted name means outside of the function."""
        text = annotation.dotted(node)
        return self._modules.resolve(self.home, text) if text and text.split(".")[0] not in self.named else None

    def parameters(self, found: Reference) -> dict[str, Type] | None:
        """What a function of the project says of its parameters; None if it is none."""
        home = self._modules.find(found.module)
        if home is None or not isinstance(found.node, ast.FunctionDef):
            return None
        arguments = found.node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        return {one.arg: written(self._modules, home, one.annotation) for one in every}

    def of(self, node: ast.expr) -> Type:
        match node:
            case ast.Name(id=name):
                return self.named[name] if name in self.named else self._outer(node)
            case ast.Attribute(value=value, attr=attr):
                return self.attribute(self.of(value), attr)
            case ast.Subscript(value=value, slice=index):
                inner = self.of(value)
                return inner if isinstance(index, ast.Slice) else held_sets.value(inner, index)
            case ast.Call(func=function):
                return self._call(node, function)
            case ast.BinOp(left=left, op=op, right=right):
                return _operated(self.of(left), op, self.of(right))
            case ast.IfExp(body=one, orelse=other):
                return joined(self.of(one), self.of(other))
            case ast.BoolOp(values=values):
                return joined(*map(self.of, values))
            case ast.NamedExpr(value=value):
                return self.of(value)
            case ast.Lambda(body=body):
                return made("callable", self.of(body))
        return self._display(node)

    def _display(self, node: ast.expr) -> Type:
        match node:
            case ast.Tuple(elts=parts) if not any(isinstance(part, ast.Starred) for part in parts):
                return made("tuple", *map(self.of, parts))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return made("list", joined(*map(self.of, parts)))
            case ast.Set(elts=parts):
                return made("set", joined(*map(self.of, parts)))
            case ast.Starred(value=value):
                return element(self.of(value))
            case ast.Dict(keys=keys, values=values):
                pairs = list(zip(keys, values, strict=True))
                spread = [self.of(value) for key, value in pairs if key is None]
                inner = [(self.of(key), self.of(value)) for key, value in pairs if key is not None]
                return joined(made("dict", joined(*(k for k, _ in inner)), joined(*(v for _, v in inner))), *spread)
            case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part):
                return made("list", self.of(part))
            case ast.SetComp(elt=part):
                return made("set", self.of(part))
            case ast.DictComp(key=key, value=value):
                return made("dict", self.of(key), self.of(value))
        return UNKNOWN

    def attribute(self, owner: Type, name: str) -> Type:
        """What a field or property is. Where the owner's class is not known, it is what messages declare."""
        if owner.name == "|":
            return joined(*(self.attribute(part, name) for part in owner.arguments))
        if not owner.module and owner.name != "?" and owner.name != "object":
            return UNKNOWN
        if self._messages.find(types.unveiled(owner)) is not None and not missing(self._messages, owner, name):
            return attribute(self._messages, owner, name)
        return self._declared().get(name, UNKNOWN)

    def _declared(self) -> dict[str, Type]:
        """The fields and properties in which any message that was read holds a set."""
        if self._fields is None:
            self._fields = {}
            for module, name in self._messages.read:
                message = self._messages.find(Type(name, module))
                members = () if message is None else (*message.fields, *((n, one) for n, _, one in message.code))
                for field, type in members:
                    if self.holds_set(type):
                        self._fields[field] = joined(self._fields.get(field, UNKNOWN), type)
        return self._fields

    def _outer(self, node: ast.expr) -> Type:
        """A name of the module: a constant, or a function as a value."""
        found = self.found(node)
        if found is None:
            known = isinstance(node, ast.Name) and node.id in ("set", "frozenset")
            return made("callable", Type("set")) if known else UNKNOWN
        home = self._modules.find(found.module)
        match found.node:
            case ast.FunctionDef(returns=gives) if home is not None:
                return made("callable", written(self._modules, home, gives))
            case ast.AnnAssign(annotation=said) if home is not None:
                return written(self._modules, home, said)
            case ast.Assign(value=ast.Set() | ast.Call(func=ast.Name(id="set" | "frozenset"))):
                return Type("set")
        return UNKNOWN

    def _call(self, node: ast.Call, function: ast.expr) -> Type:
        found = self.found(function)
        if found is not None and isinstance(found.node, ast.ClassDef):
            return Type(found.name, found.module)
        if found is not None and found.node is not None:
            return held_sets.given_back(self._outer(function))
        given = [self.of(part) for part in node.args]
        named = [self.of(keyword.value) for keyword in node.keywords]
        match function:
            case ast.Attribute(value=ast.Name(id="set" | "frozenset"), attr=attr) if attr in _GIVES_SET:
                return made("set", joined(*map(element, given)))
            case ast.Attribute(value=value, attr=attr) if found is None:
                return self._method(self.of(value), attr, [*given, *named])
            case ast.Name(id=name) if name not in self.named:
                return _library(name, given, named)
            case ast.Attribute(attr=attr):
                return _library(attr, given, named)
        return held_sets.given_back(self.of(function))

    def _method(self, owner: Type, name: str, given: list[Type]) -> Type:
        match name:
            case _ if name in _GIVES_SET and is_set(owner):
                return joined(owner, *filter(is_set, given))
            case "copy":
                return owner
            case "keys":
                return made("KeysView", element(owner))
            case "items":
                return made("ItemsView", made("tuple", element(owner), held_sets.value(owner)))
            case "values":
                return made("list", held_sets.value(owner))
            case _ if name in _TAKES_OUT:
                return joined(held_sets.value(owner), *given[1:])
        parts = owner.arguments if owner.name == "|" else (owner,)
        own = [gives for part in parts if (gives := self._messages.method(part, name)) is not None]
        return joined(*own) if own else self.attribute(owner, name)

    def fields(self, owner: Type) -> list[str]:
        message = self._messages.find(owner)
        return [] if message is None else [name for name, _ in message.fields]


def _library(name: str, given: list[Type], named: list[Type]) -> Type:
    """What a builtin or a function of a library gives: as a rule what it was given."""
    first = given[0] if given else UNKNOWN
    match name:
        case "set" | "frozenset":
            return made("set", element(first))
        case _ if name in _SCALARS:
            return UNKNOWN
        case _ if name in _LISTS:
            return made("list", element(first))
        case "enumerate":
            return made("list", made("tuple", UNKNOWN, element(first)))
        case "zip":
            return made("list", made("tuple", *map(element, given)))
        case "min" | "max" | "next" | "sum":
            several = name in ("min", "max") and len(given) > 1
            return joined(*(given if several else [element(first), *given[1:]]), *named)
        case "map":
            return made("list", held_sets.given_back(first))
        case "filter":
            return made("list", *map(element, given[1:2]))
        case "defaultdict":
            return joined(made("dict", UNKNOWN, held_sets.given_back(first)), *given[1:])
        case "dict":
            pair = element(first) if first.name in ("list", "tuple") else UNKNOWN
            pairs = made("dict", *(held_sets.value(pair, ast.Constant(number)) for number in (0, 1)))
            return joined(pairs if pair != UNKNOWN else first, *(made("dict", UNKNOWN, one) for one in named))
    return joined(*(made("list", element(one)) if is_set(one) else one for one in (*given, *named)))


def _operated(left: Type, op: ast.operator, right: Type) -> Type:
    if isinstance(op, OPERATORS):
        parts = [part for side in (left, right) for part in (side, *(side.arguments if side.name == "|" else ()))]
        sets = any(is_set(part) or part.name in _VIEWS for part in parts)
        return made("set", joined(element(left), element(right))) if sets else joined(left, right)
    return joined(left, right) if isinstance(op, ast.Add | ast.Mult) else UNKNOWN
