"""The types of values, as far as they can be known without running anything.

A type is a name with the module it is defined in and its arguments. Types are needed where a value moves, because the
receiver decodes it; elsewhere they may stay unknown. Two types are equal if they are written from the same parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Type:
    """`name` in `module` ("" for builtins and for the forms below) with `arguments`.

    Forms: "|" is a union of its arguments, "..." the ellipsis of `tuple[T, ...]`, "literal" (name: the source text) a
    value inside `Literal[...]`, "?" unknown, "!" the type of something already refused. A type variable has the module
    "parameter".
    """

    name: str
    module: str = ""
    arguments: tuple[Type, ...] = ()

    @property
    def known(self) -> bool:
        return self.name not in ("?", "!") and all(argument.known for argument in self.arguments)

    @property
    def refused(self) -> bool:
        return self.name == "!" or any(argument.refused for argument in self.arguments)

    @property
    def options(self) -> tuple[Type, ...]:
        """What a value of it can be: each part of a union; of any other type that type itself."""
        return self.arguments if self.name == "|" else (self,)

    @property
    def generic(self) -> bool:
        """Whether a type variable is in it."""
        return self.module == "parameter" or any(argument.generic for argument in self.arguments)

    def given(self, arguments: Mapping[Type, Type]) -> Type:
        """The type with what type variables stand for."""
        if self in arguments:
            return arguments[self]
        return Type(self.name, self.module, tuple(one.given(arguments) for one in self.arguments))

    def text(self, alias: Callable[[str, str], str] = lambda module, name: name) -> str:
        """The type as an expression; `alias` gives the name that stands for (module, name) there."""
        if self.name == "|":
            return " | ".join(argument.text(alias) for argument in self.arguments)
        if self.module == "literal" or self.name in ("...", "?", "!"):
            return self.name
        name = alias(self.module, self.name) if self.module else self.name
        if not self.arguments:
            return f"{name}[()]" if name == "tuple" else name
        inner = [argument.text(alias) for argument in self.arguments]
        if self == Type("Outcome", WORDS, self.arguments):
            inner = [f"{inner[0]} | None"]  # a declined one holds no value
        return f"{name}[{', '.join(inner)}]"


def reached(start: Type, parts: Callable[[Type], Iterable[Type]]) -> Iterator[Type]:
    """A type and all that it is made of, the nearest first, each once: classes may hold one another in any number of
    ways."""
    found = {start: None}
    waiting = [start]
    for one in waiting:
        yield one
        new = [part for part in dict.fromkeys(parts(one)) if part not in found]
        found.update(dict.fromkeys(new))
        waiting += new


def nested(type: Type, depth: int) -> bool:
    """Whether a type has arguments in its arguments, and so on, more than so deep."""
    return bool(type.arguments) and (depth < 1 or any(nested(one, depth - 1) for one in type.arguments))


WORDS = "accompanist"
ATTEMPTED = (f"{WORDS}.language.words", "attempted")
"""What `attempt` of an expression is in generated code."""
SECRET = (WORDS, "Secret")
UNKNOWN = Type("?")
REFUSED = Type("!")
INT, STR, BOOL, FLOAT, BYTES, NONE = (Type(name) for name in ("int", "str", "bool", "float", "bytes", "None"))
ELLIPSIS = Type("...")
SCALARS = frozenset({"int", "str", "bool", "float", "bytes", "None"})
CLASSES = SCALARS - {"None"} | {"list", "tuple", "dict"}
"""Builtin types that a pattern and `isinstance` may name."""

PORTABLE = frozenset(
    {
        ("datetime", "datetime"),
        ("datetime", "date"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("decimal", "Decimal"),
        ("uuid", "UUID"),
    }
)
"""Types of the standard library that have a canonical form."""

KNOWN = PORTABLE | {(WORDS, "Outcome"), SECRET, ("typing", "Literal")}
"""Types from outside a project whose values are known here."""

ITERATORS = frozenset(
    (module, name) for module in ("typing", "collections.abc") for name in ("Iterator", "Iterable", "Generator")
)
"""What a function says that gives something which may be used up."""


def listed(element: Type) -> Type:
    return Type("list", "", (element,))


def union(*options: Type) -> Type:
    """The union of types, flat and without repetitions; a refused or unknown part makes the whole so."""
    flat: list[Type] = []
    for option in options:
        for part in option.options:
            if part.name in ("!", "?"):
                return part
            if part not in flat:
                flat.append(part)
    return flat[0] if len(flat) == 1 else Type("|", "", tuple(flat))


def some(type: Type) -> Type:
    """What a value can be if it is not None."""
    return union(*(part for part in type.arguments if part != NONE)) if type.name == "|" else type


def unveiled(type: Type) -> Type:
    """What a secret is a secret of; any other type as it is."""
    return type.arguments[0] if (type.module, type.name) == SECRET and type.arguments else type


def element(container: Type) -> Type:
    """The type of what iterating over a container yields."""
    if container.refused:
        return REFUSED
    match container:
        case Type("list" | "Sequence" | "Iterable" | "iterator", _, (only,)):
            return only
        case Type("tuple", _, (first, Type("..."))):
            return first
        case Type("tuple", _, parts) if parts:
            return union(*parts)
        case Type("dict", _, (key, _)):
            return key
        case Type("str"):
            return STR
    return UNKNOWN
