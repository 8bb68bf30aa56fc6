"""What may be given a set: a place that says that it takes one."""

from __future__ import annotations

import ast

from accompanist.language.checks.sets.classes import Classes
from accompanist.language.reading.held_sets import LOST, is_set, joined, written
from accompanist.language.reading.modules import Module, Modules
from accompanist.language.types import ELLIPSIS, Type


def takes(classes: Classes, said: Type, given: Type) -> bool:
    """Whether a place that says what it holds says so of every set in what it is given."""
    if not classes.holds(given):
        return True
    if given == LOST or not classes.holds(said):
        return False
    if given.name == "|":
        return all(takes(classes, said, part) for part in given.arguments)
    if said.name == "|":
        return any(takes(classes, part, given) for part in said.arguments)
    if said.module and said.module == given.module:
        return said.name == given.name or classes.derives(given, said)
    if is_set(given) != is_set(said) or classes.definition(said) is not None:
        return False
    both = (said.arguments, given.arguments)
    if given.name == said.name and len(said.arguments) == len(given.arguments) and ELLIPSIS not in said.arguments:
        return all(takes(classes, one, other) for one, other in zip(*both, strict=True))
    inner = [joined(*(one for one in side if one != ELLIPSIS)) for side in both]
    return (is_set(given) and not classes.holds(inner[1])) or takes(classes, inner[0], inner[1])


def field(classes: Classes, made: Type, place: int, word: str) -> Type | None:
    """What a class says of a field that it is made with; None if it has code of its own for that."""
    if any(classes.function(made, name) is not None for name in ("__init__", "__new__")):
        return None
    fields = classes.fields(made)
    name = word or (fields[place] if place < len(fields) else "")
    return classes.member(made, name) if name in fields else None


def parameter(modules: Modules, home: Module, node: ast.FunctionDef, place: int, word: str) -> Type | None:
    """What a function says of a parameter, by its name, or by its place where there is none."""
    positional = [*node.args.posonlyargs, *node.args.args]
    named = {one.arg: one for one in (*positional, *node.args.kwonlyargs)}
    rest = node.args.kwarg if word else node.args.vararg
    found = named.get(word, rest) if word else positional[place] if place < len(positional) else rest
    return None if found is None else written(modules, home, found.annotation)
