"""What the expressions of a @pure function may be, as far as sets are concerned.

A name may be whatever is bound to it anywhere: by an assignment, a loop, a pattern, or what is put into it. What is not
known holds no set: whatever a set is given to has to say so, see `set_uses`.
"""

from __future__ import annotations

import ast

from accompanist.language import types
from accompanist.language.checks.sets.classes import Classes
from accompanist.language.checks.sets.guards import Without
from accompanist.language.checks.sets.operators import operated
from accompanist.language.reading import annotation, held_sets, library
from accompanist.language.reading.held_sets import LOST, element, is_set, joined, made, written
from accompanist.language.reading.methods import result
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.types import BOOL, INT, STR, UNKNOWN, Type

GIVES_SET = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy"})
_LISTS = frozenset({"list", "tuple", "sorted", "deque"})
_SCALARS = {"len": INT, "ord": INT, "int": INT, "float": types.FLOAT, "str": STR, "repr": STR, "chr": STR} | (
    dict.fromkeys(("any", "all", "isinstance", "bool"), BOOL)
)
_TAKES_OUT = frozenset({"get", "setdefault", "pop", "popleft", "__getitem__"})
REDUCES = frozenset(("operator", name) for name in ("or_", "and_", "xor", "sub", "add"))
"""What `reduce` may be given for sets."""


class Shapes:
    """The types of expressions in one function, or at the top level of a module. `named` is filled from outside, see
    `set_names`; after each change `forget` has to be called."""

    def __init__(self, modules: Modules, classes: Classes, home: Module) -> None:
        self.modules, self.classes, self.home = modules, classes, home
        self.named: dict[str, Type] = {}
        self.without: Without = {}
        self._known: dict[int, Type] = {}

    def forget(self) -> None:
        self._known.clear()

    def annotated(self, node: ast.expr | None) -> Type:
        return written(self.modules, self.home, node)

    def holds(self, node: ast.expr) -> bool:
        return self.classes.holds(self.of(node))

    def found(self, node: ast.expr) -> Reference | None:
        """What a name or a dotted name means outside of the function."""
        text = annotation.dotted(node)
        return self.modules.resolve(self.home, text) if text and text.split(".")[0] not in self.named else None

    def builtin(self, node: ast.expr) -> str:
        """The name of a builtin, nothing for anything else."""
        is_name = isinstance(node, ast.Name) and node.id not in self.named and self.found(node) is None
        return node.id if isinstance(node, ast.Name) and is_name else ""

    def library(self, node: ast.expr) -> tuple[str, str] | None:
        """The module and the name of what comes from a library."""
        found = self.found(node)
        return None if found is None or found.node is not None else (found.module, found.name)

    def class_of(self, node: ast.expr) -> Type | None:
        """The class of the project that an expression names."""
        found = self.found(node)
        named = found is not None and isinstance(found.node, ast.ClassDef)
        return Type(found.name, found.module) if found is not None and named else None

    def renamed(self, found: Reference) -> ast.expr | None:
        """What a NewType is a new name of."""
        return annotation.new_type(self.modules, found)

    def home_of(self, found: Reference) -> Module | None:
        return self.modules.find(found.module)

    def of(self, node: ast.expr) -> Type:
        if id(node) not in self._known:
            self._known[id(node)] = UNKNOWN  # while it is looked at
            self._known[id(node)] = self._of(node)
        return self._known[id(node)]

    def _of(self, node: ast.expr) -> Type:
        match node:
            case ast.Constant(value=value):
                return types.NONE if value is None else Type(type(value).__name__)
            case ast.Name(id=name):
                found = self.named[name] if name in self.named else self._outer(node)
                kinds = self.without.get(id(node), frozenset())
                return joined(*(one for one in found.options if one.name not in kinds or one == LOST))
            case ast.Attribute(value=value, attr=attr):
                return self._attribute(node, value, attr)
            case ast.Subscript(value=value, slice=index):
                inner = self.of(value)
                kept = isinstance(index, ast.Slice) or inner.name == "callable" or inner == STR
                return inner if kept else self.inside(inner, held_sets.value(inner, index))
            case ast.Call(func=function):
                return self._call(node, function)
            case ast.BinOp(left=left, op=op, right=right):
                return operated(self.of(left), op, self.of(right))
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
                return self.element(value)
            case ast.Dict(keys=keys, values=values):
                pairs = list(zip(keys, values, strict=True))
                spread = [self.of(value) for key, value in pairs if key is None]
                inner = [(self.of(key), self.of(value)) for key, value in pairs if key is not None]
                return joined(made("dict", joined(*(k for k, _ in inner)), joined(*(v for _, v in inner))), *spread)
            case ast.ListComp(elt=part):
                return made("list", self.of(part))
            case ast.GeneratorExp(elt=part):
                return made("iterator", self.of(part))
            case ast.SetComp(elt=part):
                return made("set", self.of(part))
            case ast.DictComp(key=key, value=value):
                return made("dict", self.of(key), self.of(value))
            case ast.JoinedStr():
                return STR
            case ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return BOOL
            case ast.UnaryOp(operand=operand):
                return INT if self.of(operand) == BOOL else self.of(operand)
        return UNKNOWN

    def element(self, node: ast.expr) -> Type:
        """What going through a value gives."""
        type = self.of(node)
        return STR if type == STR else self.inside(type, element(type))

    def inside(self, whole: Type, part: Type) -> Type:
        """What is taken out of a value; anything, if its class is one of the project with a set somewhere in it."""
        return LOST if self.classes.opaque(whole) else part

    def attribute(self, owner: Type, name: str) -> Type:
        """What a field or property is. Where the owner's class is not known, it is what messages declare."""
        if owner == LOST:
            return LOST
        if owner.name == "|":
            return joined(*(self.attribute(part, name) for part in owner.arguments))
        if (plain := library.field(owner, name)).known:
            return plain
        if not owner.module and owner.name != "?" and owner.name != "object":
            return UNKNOWN
        return self.classes.member(types.unveiled(owner), name)

    def _attribute(self, node: ast.Attribute, value: ast.expr, name: str) -> Type:
        if self.found(node) is not None:
            return self._outer(node)
        owner = self.class_of(value)
        if owner is None:
            return self.attribute(self.of(value), name)
        return owner if self.classes.enum(owner) else self.classes.members(owner).get(name, UNKNOWN)

    def _outer(self, node: ast.expr) -> Type:
        """A name of the module: a constant, or a function or class as a value."""
        found = self.found(node)
        if found is None:
            return made("callable", Type(node.id)) if isinstance(node, ast.Name) and _makes_set(node.id) else UNKNOWN
        home = self.modules.find(found.module)
        if isinstance(found.node, ast.ClassDef):
            return made("callable", Type(found.name, found.module))
        bound = home.bound.get(found.name, []) if home is not None and found.node is not None else []
        return joined(*(self._constant(home, one, found.name) for one in bound if home is not None))

    def _constant(self, home: Module, statement: ast.stmt, name: str) -> Type:
        at = self.classes.at_top
        match statement:
            case ast.FunctionDef(returns=gives):
                return made("callable", written(self.modules, home, gives))
            case ast.AnnAssign(annotation=said, value=value):
                return joined(written(self.modules, home, said), UNKNOWN if value is None else at(home, value))
            case ast.Assign(targets=targets, value=value):
                whole = any(isinstance(one, ast.Name) and one.id == name for one in targets)
                type = at(home, annotation.new_type(self.modules, Reference(home.name, name, statement)) or value)
                return type if whole or not self.classes.holds(type) else LOST
            case ast.AugAssign(value=value):
                return at(home, value)
        return UNKNOWN

    def _call(self, node: ast.Call, function: ast.expr) -> Type:
        if (made_one := self.class_of(function)) is not None:
            return made_one
        found = self.found(function)
        if found is not None and found.node is not None:
            return self._gives(found, node)
        given = [self.of(part) for part in node.args]
        named = {keyword.arg or "": self.of(keyword.value) for keyword in node.keywords}
        match function:
            case ast.Attribute(value=value, attr=attr) if _makes_set(self.builtin(value)):
                return made("set", joined(*map(element, given))) if attr in GIVES_SET else UNKNOWN
            case ast.Attribute(value=value, attr="fromkeys") if self.builtin(value) == "dict":
                return made("dict", joined(*map(element, given[:1])), joined(*given[1:]))
            case ast.Attribute(value=value, attr=attr) if found is None:
                return self._method(value, attr, [*given, *named.values()])
            case _ if self.builtin(function):
                return self._builtin(self.builtin(function), node, given, named)
        library = self.library(function)
        return self._library(library, node, given, named) if library else held_sets.given_back(self.of(function))

    def _gives(self, found: Reference, node: ast.Call) -> Type:
        """What a call of something in the project gives."""
        renamed = annotation.new_type(self.modules, found)
        home = self.modules.find(found.module)
        if renamed is not None and home is not None:
            return written(self.modules, home, renamed)
        return held_sets.given_back(self._outer(node.func))

    def _method(self, value: ast.expr, name: str, given: list[Type]) -> Type:
        owner = self.of(value)
        if (named := self.class_of(value)) is not None:
            owner = named
        found = [one for part in owner.options if (one := self.classes.function(part, name)) is not None]
        if found:
            return joined(*(written(self.modules, home, one.returns) for home, one in found))
        match name:
            case _ if name in GIVES_SET and is_set(owner):
                return joined(owner, *given)
            case "copy":
                return owner
            case "__iter__" | "__reversed__":
                return made("iterator", self.element(value))
            case "keys":
                return made("KeysView", element(owner))
            case "items":
                return made("ItemsView", made("tuple", element(owner), held_sets.value(owner)))
            case "values":
                return made("list", held_sets.value(owner))
            case "popitem":
                return made("tuple", element(owner), held_sets.value(owner))
            case _ if name in _TAKES_OUT:
                return joined(self.inside(owner, held_sets.value(owner)), *given[1:])
        plain = result(owner, name, given)
        return self.attribute(owner, name) if plain is None else plain

    def _builtin(self, name: str, node: ast.Call, given: list[Type], named: dict[str, Type]) -> Type:
        """What a builtin gives. In `map` a builtin is called with each part."""
        inside = [STR if one == STR else self.inside(one, element(one)) for one in given]
        first = given[0] if given else UNKNOWN
        match name:
            case "set" | "frozenset":
                return made("set", *inside[:1])
            case _ if name in _SCALARS:
                return _SCALARS[name]
            case _ if name in _LISTS:
                return made("list", *inside[:1])
            case "range":
                return made("list", INT)
            case "abs" | "round":
                return INT if name == "round" and len(given) == 1 else first
            case "enumerate":
                return made("iterator", made("tuple", INT, *inside[:1]))
            case "zip":
                return made("iterator", made("tuple", *inside))
            case "min" | "max" | "next" | "sum":
                several = name in ("min", "max") and len(given) > 1
                others = (one for name, one in named.items() if name != "key")
                return joined(*(given if several else [*inside[:1], *given[1:]]), *others)
            case "map":
                function = self.builtin(node.args[0]) if node.args else ""
                called = ast.Call(ast.Name(function, ast.Load()), [], [])
                by_name = self._builtin(function, called, inside[1:], {}) if function else UNKNOWN
                return made("iterator", joined(held_sets.given_back(first), by_name))
            case "filter":
                return made("iterator", *inside[1:2])
            case "reversed" | "iter":
                return made("iterator", *inside[:1])
            case "dict":
                pair = element(first) if first.name in ("list", "tuple", "iterator") else UNKNOWN
                pairs = made("dict", *(held_sets.value(pair, ast.Constant(number)) for number in (0, 1)))
                return joined(
                    pairs if pair != UNKNOWN else first, *(made("dict", UNKNOWN, one) for one in named.values())
                )
        return UNKNOWN

    def _library(self, name: tuple[str, str], node: ast.Call, given: list[Type], named: dict[str, Type]) -> Type:
        """What a function of a library gives. Any other one is given no set."""
        first = given[0] if given else UNKNOWN
        match name:
            case ("copy", "copy" | "deepcopy") | ("dataclasses", "replace"):
                return first
            case ("typing", "cast") if len(given) > 1:
                return joined(self.annotated(node.args[0]), given[1])
            case (_, "field" | "Field"):
                return joined(
                    *(named.get(one, UNKNOWN) for one in ("default", "")),
                    held_sets.given_back(named.get("default_factory", UNKNOWN)),
                )
            case ("collections", "deque"):
                return made("list", element(first))
            case ("collections", "Counter"):
                return made("dict", element(first), INT)
            case ("collections", "defaultdict"):
                return joined(made("dict", UNKNOWN, held_sets.given_back(first)), *given[1:])
            case ("functools", "reduce"):
                return joined(*map(element, given[1:2]), *given[2:], held_sets.given_back(first))
        return Type(name[1], name[0]) if name in types.PORTABLE else library.FUNCTIONS.get(name, UNKNOWN)


def _makes_set(name: str) -> bool:
    return name in ("set", "frozenset")
