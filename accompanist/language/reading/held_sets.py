"""Where sets are in the types of values. What cannot be known is taken to hold none.

Other than in `types`, a type that is unknown does not make a union unknown: what matters is what may be a set.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist import limits
from accompanist.language import types
from accompanist.language.reading import annotation
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules
from accompanist.language.text.diagnostic import Write
from accompanist.language.types import UNKNOWN, Type

LOST = Type("set", "lost")
"""What may be a set, or hold one anywhere: where it is too much to tell what it is."""
_SETS = frozenset({"set", "frozenset", "Set", "FrozenSet", "AbstractSet", "MutableSet"})
_WITHOUT_ORDER = _SETS | {"object", "dict", "callable", "type", "complex"}
AS_STR = (-1, ord("s"))
"""The conversions in an f-string that `str` makes."""
_ORDERED_BASES = frozenset({"StrEnum", "IntEnum", "str", "int"})
_CONTAINERS = frozenset({"", "typing", "typing_extensions", "collections", "collections.abc"})


def is_set(type: Type) -> bool:
    """Whether values of a type may be sets."""
    if type.name == "|":
        return any(map(is_set, type.arguments))
    return type == LOST or (type.name in _SETS and type.module in _CONTAINERS)


def holds_set(messages: Messages, type: Type) -> bool:
    """Whether a text that shows a value of this type shows the order of a set."""
    return any(map(is_set, _shown(messages, type, set())))


def field_of_set(messages: Messages, type: Type) -> str:
    """The field of a message that holds a set; empty if it is no message, or none does."""
    message = messages.find(type)
    fields = () if message is None else message.fields
    return next((name for name, one in fields if holds_set(messages, one)), "")


def ordered(messages: Messages, type: Type) -> bool:
    """Whether values of this type, and of a type that is not known, stand in one order only when they are sorted. A
    part of a set may be neither less nor greater than another one; so may objects of a class."""
    if type.name == "|" or (type.name == "tuple" and not type.module):
        return all(ordered(messages, part) for part in type.arguments)
    if type.module and (definition := messages.definition(type)) is not None:
        return any(annotation.dotted(base).rpartition(".")[2] in _ORDERED_BASES for base in definition[1].bases)
    return (type.module, type.name) in types.PORTABLE or (not type.module and type.name not in _WITHOUT_ORDER)


def advised(messages: Messages, whole: str, type: Type, node: ast.AST | None = None) -> str:
    """What to write in the place of an expression of this type, of which a text or a loop shows the order of a set."""
    if isinstance(node, ast.Tuple | ast.List) and isinstance(node.ctx, ast.Store):
        return f"one name in the place of {whole}, and sorted(…) of it"
    if type.name == "callable":
        return f"a lambda or a @pure function in the place of {whole}"
    if is_set(type):
        return _sorted(messages, whole, element(type)) if type != LOST else f"sorted(…) of the set in {whole}"
    if field := field_of_set(messages, type):
        return f"the fields of {whole} that are wanted, with sorted(…) around the set in {whole}.{field}"
    return f"sorted(…) of the set in {whole}"


def _sorted(messages: Messages, whole: str, inner: Type) -> str:
    """How to sort a set, by what it holds."""
    if inner.name in ("list", "dict", "set") and not inner.module:
        return f"a list in the place of {whole}: a {inner.name} can be in no set"
    if ordered(messages, inner):
        return Write(f"sorted({whole})")
    if is_set(inner) and inner.name != "|" and ordered(messages, element(inner)):
        return Write(f"sorted(sorted(one) for one in {whole})")
    return f"a list or a tuple in the place of {whole}, or a dict by what tells its parts from one another"


def _shown(messages: Messages, type: Type, seen: set[Type]) -> Iterator[Type]:
    """A type and those of all parts that its text shows. A message that says how it is shown is looked at there."""
    if type in seen:
        return
    seen.add(type)
    yield type
    message = messages.find(type) if type.module else None
    definition = messages.definition(type) if message is not None else None
    own = definition is not None and any(getattr(part, "name", "") == "__repr__" for part in definition[1].body)
    fields = () if message is None or own else message.fields
    for part in (*type.arguments, *(one for _, one in fields)):
        yield from _shown(messages, part, seen)


def written(modules: Modules, home: Module, node: ast.expr | None) -> Type:
    """What an annotation says; where it is not understood, a set if it names one first."""
    if node is None:
        return UNKNOWN
    if (found := annotation.located(modules, home, node)) is not None:
        node = found[0]
    try:
        return annotation.type_of(modules, home, node)
    except annotation.Unresolved:
        return Type("set") if ast.unparse(node).strip("'").partition("[")[0] in _SETS else UNKNOWN


def joined(*options: Type) -> Type:
    """What is one of several types."""
    flat: list[Type] = []
    for option in options:
        for part in option.arguments if option.name == "|" else (option,):
            if part.known or part.name not in ("?", "!"):
                flat += () if part in flat else (part,)
    if len(flat) > limits.set_parts_max:
        return LOST if any(map(_may_hold, flat)) else UNKNOWN
    return UNKNOWN if not flat else flat[0] if len(flat) == 1 else Type("|", "", tuple(flat))


def made(name: str, *parts: Type) -> Type:
    """A type with these arguments, cut where it is too deep or too wide to matter."""
    if len(parts) > limits.set_parts_max:
        parts = (joined(*parts), types.ELLIPSIS)
    return _cut(Type(name, "", parts), limits.set_depth_max)


def _cut(type: Type, depth: int) -> Type:
    if depth == 0 and type.arguments:
        return LOST if _may_hold(type) else UNKNOWN
    return Type(type.name, type.module, tuple(_cut(one, depth - 1) for one in type.arguments))


def names_set(type: Type) -> bool:
    """Whether a set is named in a type."""
    return is_set(type) or any(map(names_set, type.arguments))


def _may_hold(type: Type) -> bool:
    """Whether a set is in a type, or a class of a project, which may hold one."""
    own = type.module not in _CONTAINERS | {"literal", "parameter"} and (type.module, type.name) not in types.PORTABLE
    return is_set(type) or own or any(map(_may_hold, type.arguments))


def element(type: Type) -> Type:
    """What going through a value gives."""
    match type:
        case Type("set", "lost"):
            return LOST
        case Type("|", _, parts):
            return joined(*map(element, parts))
        case Type("tuple", "", parts):
            return joined(*(part for part in parts if part != types.ELLIPSIS))
        case Type("callable"):
            return UNKNOWN
    return type.arguments[0] if type.arguments and type.module in _CONTAINERS else UNKNOWN


def value(type: Type, at: ast.expr | None = None) -> Type:
    """What an index gives."""
    match type, at:
        case Type("|", _, parts), _:
            return joined(*(value(part, at) for part in parts))
        case Type("tuple", "", parts), ast.Constant(value=int(number)) if types.ELLIPSIS not in parts:
            return parts[number] if -len(parts) <= number < len(parts) else UNKNOWN
        case Type(name, module, (_, last)), _ if name not in ("tuple", "callable") and module in _CONTAINERS:
            return last
    return element(type)


def given_back(type: Type) -> Type:
    """What a call of a value gives."""
    parts = [LOST] if type == LOST else [part.arguments[0] for part in type.options if part.name == "callable"]
    return joined(*parts)
