"""Types in the text of a @pure function: those of a choreography's expressions, and those of what is changed in place.

The type of what an empty list holds is that of what is put into it anywhere in the function. A type that is not known
exactly is unknown, and `body_forms` takes nothing for certain of it.
"""

from __future__ import annotations

import ast
from functools import cached_property

from accompanist import limits
from accompanist.language import types
from accompanist.language.checks.raising.facts import names_in
from accompanist.language.checks.types.infer import Env, Inference, bind
from accompanist.language.reading.enums import counted
from accompanist.language.types import BOOL, INT, NONE, STR, UNKNOWN, Type

NEVER = Type("never")
"""The type of what an empty list holds."""
SETS = frozenset({"set", "frozenset"})
EACH = "?each"
"""The name of what a function is called with by `map`, say; authors cannot write it."""
HELD = frozenset({"list", "dict", "iterator", *SETS})
"""Kinds of values whose arguments say what is in them."""
_NOTHING = {
    "list": frozenset({"append", "extend", "insert", "sort", "reverse", "clear", "remove"}),
    "dict": frozenset({"update", "clear"}),
    "set": frozenset({"add", "discard", "remove", "update", "clear", "difference_update", "intersection_update"}),
}
_ASKS = ["isidentifier", "istitle", "isprintable"]


def join(*found: Type) -> Type:
    """The union of types. Two lists are a list of what either holds."""
    parts: list[Type] = []
    for one in (option for whole in found for option in whole.options if option != NEVER):
        if one.name in ("?", "!"):
            return UNKNOWN
        at = next((at for at, other in enumerate(parts) if _alike(one, other)), None)
        if at is None:
            parts.append(one)
        elif one != parts[at]:
            pairs = zip(one.arguments, parts[at].arguments, strict=True)
            parts[at] = Type(one.name, "", tuple(map(join, *zip(*pairs, strict=True))))
    return NEVER if not parts else parts[0] if len(parts) == 1 else Type("|", "", tuple(parts))


def _alike(one: Type, other: Type) -> bool:
    if one.module or other.module or one.name != other.name or len(one.arguments) != len(other.arguments):
        return one == other
    return (
        one == other
        or one.name in HELD
        or (one.name == "tuple" and types.ELLIPSIS not in (*one.arguments, *other.arguments))
    )


def is_lazy(found: Type) -> bool:
    """Whether what is in a value may be computed later, where it is gone through."""
    if found.name == "iterator" or (found.module, found.name) in types.ITERATORS:
        return True
    return any(map(is_lazy, found.arguments))


def item(container: Type) -> Type:
    """The type of what going through a value yields."""
    found = types.unveiled(container)
    if found == NEVER:
        return NEVER
    if found.name in SETS and not found.module and found.arguments:
        return found.arguments[0]
    return INT if found == types.BYTES else join(*(types.element(one) for one in found.options))


def kind(found: Type) -> str:
    """The name of one of Python's own types, empty for any other."""
    found = types.unveiled(found)
    return found.name if not found.module else ""


class Exact(Inference):
    """Infers the types of a body's expressions. What was found of one is kept as long as nothing else is known."""

    @cached_property
    def _found(self) -> dict[int, tuple[ast.AST, Env, Type]]:
        return {}

    @cached_property
    def _within(self) -> dict[int, tuple[ast.AST, Env, Env]]:
        return {}

    def type_of(self, node: ast.expr, env: Env) -> Type:
        known = self._found.get(id(node))
        if known is None or known[0] is not node or known[1] is not env:
            known = self._found[id(node)] = (node, env, self._exactly(node, env))
        return known[2]

    def _exactly(self, node: ast.expr, env: Env) -> Type:
        match node:
            case ast.Name(id=name) if name not in env and (members := self._class(name)) is not None:
                message = self._messages.find(members)  # an enum can be gone through
                return Type("iterator", "", (members,)) if message is not None and message.kind == "enum" else UNKNOWN
            case ast.List(elts=[]):
                return types.listed(NEVER)
            case ast.Dict(keys=[]):
                return Type("dict", "", (NEVER, NEVER))
            case ast.Call(func=ast.Name(id="list" | "set" | "frozenset" as name), args=[]):
                return Type(name, "", (NEVER,))
            case ast.Call(func=ast.Name(id="dict"), args=given, keywords=named):
                return self._dict(given, named, env)
            case ast.Call(func=ast.Name(id="list" | "tuple" as name), args=[inner]):
                held = item(self.type_of(inner, env))
                return types.listed(held) if name == "list" else Type("tuple", "", (held, types.ELLIPSIS))
            case ast.Call(func=ast.Name(id="sorted"), args=[inner]):
                return types.listed(item(self.type_of(inner, env)))
            case ast.Call(func=ast.Name(id="next"), args=[ast.GeneratorExp() as made, default]) if "next" not in env:
                return join(item(self.type_of(made, env)), self.type_of(default, env))
            case ast.Call(func=ast.Name(id="zip"), args=[ast.Starred(value=inner)]):
                each = item(item(self.type_of(inner, env)))
                return Type("iterator", "", (Type("tuple", "", (each, types.ELLIPSIS)),))
            case ast.Call(func=ast.Name(id="map"), args=[function, *others]):
                items = [item(self.type_of(one, env)) for one in others]
                return Type("iterator", "", (self.result(function, items, env),))
            case ast.Call(func=ast.Name(id="filter"), args=[_, inner]):
                return Type("iterator", "", (item(self.type_of(inner, env)),))
            case ast.Call(func=ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys"), args=[keys, *rest]):
                value = self.type_of(rest[0], env) if rest else NONE
                return Type("dict", "", (item(self.type_of(keys, env)), value))
            case ast.Call(func=ast.Attribute(value=value, attr=attr), args=args):
                found = changing(self.type_of(value, env), attr, [self.type_of(one, env) for one in args])
                return self._so_far(node, join(super().type_of(node, env)), env) if found is None else found
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                both = self.type_of(left, env), self.type_of(right, env)
                return join(*both) if {one.name for one in both} == {"list"} else self._operator(node, env)
            case ast.BinOp():
                return self._operator(node, env)
        return self._so_far(node, join(super().type_of(node, env)), env)

    def _operator(self, node: ast.BinOp, env: Env) -> Type:
        """Members of an enum that are numbers are taken for them."""
        given = [self.type_of(one, env) for one in (node.left, node.right)]
        plain = [counted(one, self._messages) for one in given]
        if plain == given:
            return self._so_far(node, join(super().type_of(node, env)), env)
        left, right = (ast.Name(f"{EACH}{at}", ast.Load()) for at in (1, 2))
        inside = {left.id: plain[0], right.id: plain[1]}
        return self.type_of(ast.BinOp(left, node.op, right), inside)

    def _so_far(self, node: ast.expr, found: Type, env: Env) -> Type:
        """What is computed of what an empty list holds is never computed, as long as nothing is put into it."""
        if not found.known and any(holds_never(env.get(name, UNKNOWN)) for name in names_in(node)):
            return NEVER
        return found

    def _dict(self, given: list[ast.expr], named: list[ast.keyword], env: Env) -> Type:
        found = [Type("dict", "", (STR, self.type_of(one.value, env))) for one in named]
        for one in given:
            whole = self.type_of(one, env)
            pair = item(whole)
            is_pairs = pair.name == "tuple" and len(pair.arguments) == 2 and types.ELLIPSIS not in pair.arguments
            parts = pair.arguments if is_pairs else (UNKNOWN, UNKNOWN)
            found.append(whole if whole.name == "dict" else Type("dict", "", parts))
        return join(Type("dict", "", (NEVER, NEVER)), *found)

    def is_enum(self, found: Type) -> bool:
        """Whether the values of a type are the members of an enum."""
        message = self._messages.find(found)
        return message is not None and message.kind == "enum"

    def result(self, function: ast.expr, given: list[Type], env: Env) -> Type:
        """What a function gives that is called for each of several values."""
        call, inside = called(function, given, env)
        return self.type_of(call, inside)

    def inside(self, generators: list[ast.comprehension], env: Env, whole: ast.expr | None = None) -> Env:
        for one in generators:
            known = self._within.get(id(one))
            if known is None or known[0] is not one or known[1] is not env:
                inner: Env = {**env, **bind(one.target, item(self.type_of(one.iter, env)))}
                for condition in one.ifs:
                    inner = self.after(condition, inner, True)
                known = self._within[id(one)] = (one, env, inner)
            env = known[2]
        return env


def holds_never(found: Type) -> bool:
    """Whether a value is, or has in it, what began empty and into which nothing is seen to be put."""
    return found == NEVER or any(map(holds_never, found.arguments))


def called(function: ast.expr, given: list[Type], env: Env) -> tuple[ast.expr, Env]:
    """The call of a function with values of these types, as an expression."""
    names = [f"{EACH}{at or ''}" for at in range(len(given))]
    inside = {**env, **dict(zip(names, given, strict=True))}
    values: list[ast.expr] = [ast.copy_location(ast.Name(name, ast.Load()), function) for name in names]
    match function:
        case ast.Lambda(args=ast.arguments(args=parameters), body=body) if len(parameters) == len(given):
            return body, {**env, **{one.arg: type for one, type in zip(parameters, given, strict=True)}}
        case ast.Attribute(value=ast.Name(id="str"), attr=attr) if values and given[0] == STR:
            made = ast.Call(ast.copy_location(ast.Attribute(values[0], attr, ast.Load()), function), values[1:], [])
            return ast.copy_location(made, function), inside
    return ast.copy_location(ast.Call(function, values, []), function), inside


def changing(owner: Type, method: str, given: list[Type]) -> Type | None:
    """What a method of a list, a dict or a set gives; None for others."""
    if owner.module or owner.name not in (*HELD, "str") or owner.name == "iterator":
        return None
    if method in _NOTHING.get(owner.name, ()):
        return NONE
    match owner.name, method, given:
        case "str", _, _ if method in _ASKS:
            return BOOL
        case (("list" | "dict" | "set" | "frozenset"), "copy", []):
            return owner
        case "list", "pop", _:
            return item(owner)
        case "dict", ("pop" | "setdefault"), [_, *default] if len(owner.arguments) == 2:
            added = default or ([NONE] if method == "setdefault" else [])
            return join(owner.arguments[1], *added)
        case "dict", "popitem", []:
            return Type("tuple", "", owner.arguments)
        case (("set" | "frozenset"), ("union" | "symmetric_difference" | "intersection" | "difference"), _):
            return Type(owner.name, "", (join(item(owner), *map(item, given)),))
    return None


def shallow(found: Type, depth: int = limits.type_depth_max) -> bool:
    """Whether a type is small enough to go on with."""
    return depth > 0 and all(shallow(one, depth - 1) for one in found.arguments)
