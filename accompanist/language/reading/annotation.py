"""Annotations to types. Nothing is evaluated: names resolve through `modules`, strings are parsed."""

from __future__ import annotations

import ast

from accompanist import limits
from accompanist.language import types
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.types import NONE, SCALARS, UNKNOWN, Type

BUILTIN_TYPES = SCALARS | {"list", "tuple", "dict", "set", "frozenset", "object", "type", "complex", "bytearray"}
_PLAIN = {"List": "list", "Tuple": "tuple", "Dict": "dict", "Set": "set", "FrozenSet": "frozenset"}
AT = (("typing", "Annotated"), (types.WORDS, "At"), ("typing_extensions", "Annotated"))


class Unresolved(Exception):
    """An annotation holds something that is not a type that can be known. The text says what."""


def type_of(modules: Modules, module: Module, node: ast.expr, depth: int = limits.import_hops_max) -> Type:
    """The type that an annotation means in a module. Raises Unresolved."""
    if depth == 0:
        raise Unresolved("the annotation is nested too deep")

    def inner(part: ast.expr) -> Type:
        return type_of(modules, module, part, depth - 1)

    match node:
        case ast.Constant(value=None):
            return NONE
        case ast.Constant(value=str(text)):
            try:
                return inner(ast.parse(text, mode="eval").body)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                raise Unresolved(f"`{text}` is not a type") from None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return types.union(inner(left), inner(right))
        case ast.Subscript(value=base, slice=arguments):
            return _applied(modules, module, base, _several(arguments), depth)
        case ast.Name() | ast.Attribute():
            return _named(modules, module, node, depth)
    raise Unresolved(f"`{ast.unparse(node)}` is not a type")


def reference(modules: Modules, module: Module, node: ast.expr) -> Reference | None:
    """What a name or a dotted name stands for at the top level of a module."""
    text = dotted(node)
    return modules.resolve(module, text) if text else None


def dotted(node: ast.expr) -> str:
    """`a.b.c` as text, nothing for any other expression."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            base = dotted(value)
            return f"{base}.{attr}" if base else ""
    return ""


def located(modules: Modules, module: Module, node: ast.expr) -> tuple[ast.expr, list[ast.expr]] | None:
    """The parts of `At[T, role, ...]`, None for an annotation without a place."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            quoted = ast.parse(node.value, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        node = ast.fix_missing_locations(ast.copy_location(quoted, node))
    if not isinstance(node, ast.Subscript):
        return None
    found = reference(modules, module, node.value)
    if found is None or (found.module, found.name) not in AT:
        return None
    first, *places = _several(node.slice)
    return first, places


def _several(node: ast.expr) -> list[ast.expr]:
    return list(node.elts) if isinstance(node, ast.Tuple) else [node]


def _named(modules: Modules, module: Module, node: ast.expr, depth: int) -> Type:
    text = dotted(node)
    found = modules.resolve(module, text)
    if found is None:
        if text in BUILTIN_TYPES:
            return Type(text, "", (UNKNOWN, types.ELLIPSIS)) if text in _PLAIN.values() else Type(text)
        raise Unresolved(f"the name `{text}` is not known here")
    if found.module == "typing" and found.name in _PLAIN:
        return Type(_PLAIN[found.name], "", (UNKNOWN, types.ELLIPSIS))
    match found.node:
        case ast.Assign(value=ast.Call(func=made)) if _is_type_variable(modules, found, made):
            return Type(found.name, "parameter")
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            home = modules.find(found.module)
            value = new_type(modules, found) or value
            if home is not None:
                return type_of(modules, home, value, depth - 1)
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            raise Unresolved(f"`{text}` is a function, not a type")
    if not found.name:
        raise Unresolved(f"`{text}` is a module, not a type")
    return Type(found.name, found.module)


def new_type(modules: Modules, found: Reference) -> ast.expr | None:
    """What a `NewType` is a new name of; None for anything else. At run time there is no difference."""
    match found.node:
        case ast.Assign(value=ast.Call(func=made, args=[_, inner], keywords=[])):
            home = modules.find(found.module)
            maker = reference(modules, home, made) if home is not None else None
            if maker is not None and maker.module in ("typing", "typing_extensions") and maker.name == "NewType":
                return inner
    return None


def _is_type_variable(modules: Modules, found: Reference, made: ast.expr) -> bool:
    home = modules.find(found.module)
    maker = reference(modules, home, made) if home is not None else None
    return maker is not None and (maker.module, maker.name) in (("typing", "TypeVar"), ("typing_extensions", "TypeVar"))


def _applied(modules: Modules, module: Module, base: ast.expr, arguments: list[ast.expr], depth: int) -> Type:
    text = dotted(base)
    found = modules.resolve(module, text)
    typing_name = found.name if found is not None and found.module in ("typing", "typing_extensions") else ""
    if typing_name == "Literal":
        return Type("Literal", "typing", tuple(Type(ast.unparse(part), "literal") for part in arguments))
    if found is not None and (found.module, found.name) in AT:
        raise Unresolved("At[...] cannot stand inside another type")

    def inner(part: ast.expr) -> Type:
        if isinstance(part, ast.Constant) and part.value is ...:
            return types.ELLIPSIS
        return type_of(modules, module, part, depth - 1)

    if typing_name in ("Union", "Optional"):
        options = [inner(part) for part in arguments]
        return types.union(*options, *([NONE] if typing_name == "Optional" else []))
    if typing_name in ("Final", "ClassVar"):
        return inner(arguments[0])
    if text == "tuple" and found is None and arguments == []:
        return Type("tuple")
    parts = tuple(inner(part) for part in arguments)
    if found is None and text in ("list", "dict", "tuple", "set", "frozenset", "type"):
        return Type(text, "", parts)
    if typing_name in _PLAIN:
        return Type(_PLAIN[typing_name], "", parts)
    if found is None or not found.name:
        raise Unresolved(f"the name `{text}` is not known here")
    return Type(found.name, found.module, parts)
