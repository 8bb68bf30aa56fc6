"""The types of expressions as far as their form tells them, where nothing else does: what is put together from parts
whose types are known."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

from accompanist.language import types
from accompanist.language.reading import methods
from accompanist.language.types import BOOL, INT, STR, Type

Env = Mapping[str, Type]
TypeOf = Callable[[ast.expr, Env], Type]
_GIVES = {"len": INT, "str": STR, "repr": STR, "bool": BOOL, "int": INT, "float": types.FLOAT}


def of(node: ast.expr, env: Env, type_of: TypeOf) -> Type:
    """The type of an expression: as `type_of` says it, or else by its form."""
    match node:
        case ast.Subscript(value=value, slice=ast.Constant(value=int(at))):
            owner = types.unveiled(of(value, env, type_of))
            if owner.name == "tuple" and not owner.module and types.ELLIPSIS not in owner.arguments[at:]:
                return owner.arguments[at] if at < len(owner.arguments) else types.UNKNOWN
    found = type_of(node, env)
    return found if found.known or found.refused else _by_form(node, env, type_of) or found


def bound(target: ast.expr, found: Type) -> dict[str, Type]:
    """The types of the names that a value of a type is bound to."""
    match target:
        case ast.Name(id=name):
            return {name: found}
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            fixed = fits(target, found, deep=False)
            inner = found.arguments if fixed else (types.element(found),) * len(parts)
            return {
                name: one
                for part, type in zip(parts, inner, strict=True)
                for name, one in bound(part.value if isinstance(part, ast.Starred) else part, type).items()
            }
    return {}


def fits(target: ast.expr, found: Type, deep: bool = True) -> bool:
    """Whether every value of a type has as many parts as there are names, and these as theirs have."""
    if not isinstance(target, ast.Tuple | ast.List):
        return True
    found = types.unveiled(found)
    if found.name != "tuple" or found.module or types.ELLIPSIS in found.arguments:
        return False
    if len(found.arguments) != len(target.elts) or any(isinstance(one, ast.Starred) for one in target.elts):
        return False
    return not deep or all(fits(part, one) for part, one in zip(target.elts, found.arguments, strict=True))


def item(found: Type) -> Type:
    """The type of what something holds, a set included."""
    found = types.unveiled(found)
    if found.name in ("set", "frozenset") and not found.module and found.arguments:
        return found.arguments[0]
    return types.element(found)


def _by_form(node: ast.expr, env: Env, type_of: TypeOf) -> Type | None:
    match node:
        case ast.Tuple(elts=parts) if not any(isinstance(part, ast.Starred) for part in parts):
            return Type("tuple", "", tuple(of(part, env, type_of) for part in parts))
        case ast.List(elts=[_, *_] as parts) | ast.Set(elts=parts):
            inner = [
                item(of(one.value, env, type_of)) if isinstance(one, ast.Starred) else of(one, env, type_of)
                for one in parts
            ]
            return Type("list" if isinstance(node, ast.List) else "set", "", (types.union(*inner),))
        case ast.ListComp(elt=part, generators=generators) | ast.GeneratorExp(elt=part, generators=generators):
            return types.listed(of(part, inside(generators, env, type_of), type_of))
        case ast.SetComp(elt=part, generators=generators):
            return Type("set", "", (of(part, inside(generators, env, type_of), type_of),))
        case ast.DictComp(key=key, value=value, generators=generators):
            within = inside(generators, env, type_of)
            return Type("dict", "", (of(key, within, type_of), of(value, within, type_of)))
        case ast.JoinedStr():
            return STR
        case ast.Compare() | ast.UnaryOp(op=ast.Not()):
            return BOOL
        case ast.IfExp(body=body, orelse=orelse):
            return types.union(of(body, env, type_of), of(orelse, env, type_of))
        case ast.Subscript(value=value, slice=ast.Slice()):
            owner = types.unveiled(of(value, env, type_of))
            return owner if owner.name in ("list", "str", "bytes") and not owner.module else None
        case ast.Call(func=ast.Name(id=name), args=args) if name not in env:
            return _given(name, [of(one, env, type_of) for one in args])
        case ast.Call(func=ast.Attribute(value=value, attr=attr), args=args):
            return methods.result(of(value, env, type_of), attr, [of(one, env, type_of) for one in args])
    return None


def _given(name: str, args: list[Type]) -> Type | None:
    """What a builtin gives."""
    if name in _GIVES:
        return _GIVES[name]
    if not args:
        return None
    held = item(args[0])
    match name:
        case "sorted" | "list" | "reversed":
            return types.listed(held)
        case "set" | "frozenset":
            return Type(name, "", (held,))
        case "tuple":
            return Type("tuple", "", (held, types.ELLIPSIS))
        case "enumerate":
            return types.listed(Type("tuple", "", (INT, held)))
        case "zip":
            return types.listed(Type("tuple", "", tuple(map(item, args))))
        case "min" | "max":
            return held if len(args) == 1 else types.union(*args)
        case "range":
            return types.listed(INT)
        case "divmod" if args == [INT, INT]:
            return Type("tuple", "", (INT, INT))
    return None


def inside(generators: list[ast.comprehension], env: Env, type_of: TypeOf) -> Env:
    """The types of names in a comprehension."""
    for one in generators:
        env = {**env, **bound(one.target, item(of(one.iter, env, type_of)))}
    return env
