"""What a @pure function would write into values that it was given.

A value that is passed to a @pure function has a name in the choreography, which other roles may know without calling
the function. So nothing is written into a parameter, into what is taken out of one, or into anything of a module. What
the function made itself is its own: `xs = list(xs); xs.append(1)`.

Only what can be seen in the function's own text is reported. What a library writes is kept from others by copies that
are made when a choreography calls the function (`wire.kept_apart`). Not promised: that a property, or another method of
a message, which is not given a copy of its object, has no library write into a list in it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from accompanist.language.reading.methods import CHANGING

_LISTED = frozenset({"list", "dict", "set", "List", "Dict", "Set", "bytearray", "deque", "MutableSequence"}) | {
    "MutableMapping",
    "MutableSet",
}
_ANSWERS = frozenset({"pop", "popitem", "setdefault"})
_BY_FUNCTION = frozenset(
    [
        "heappush",
        "heappop",
        "heapify",
        "heapreplace",
        "heappushpop",
        "insort",
        "insort_left",
        "insort_right",
        "setattr",
        "delattr",
        "shuffle",
        "setitem",
        "delitem",
        "iadd",
        "iconcat",
        "imul",
    ]
)
"""Functions of libraries that change what they are given first."""


class Written(NamedTuple):
    node: ast.AST
    text: str
    hint: str


def writes(node: ast.FunctionDef, method: bool = False) -> Iterator[Written]:
    """Every place where a function writes into what it was given. `method`: its first parameter is an object that is
    being made, whose own fields it may set."""
    parts = list(ast.walk(node))
    changed = [(part, target, True) for part in parts for target in _stored(part)]
    changed += [(part, target, False) for part in parts for target in _changed(part)]
    if changed or any(map(_adds_to, parts)):
        yield from _into_given(node, parts, changed, method)
    for one in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
        if isinstance(one, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
            text = f"the default {ast.unparse(one)} is one object for all calls, and what is written there stays"
            yield Written(one, text, "a tuple or None as the default")


def _into_given(
    node: ast.FunctionDef, parts: list[ast.AST], changed: list[tuple[ast.AST, ast.expr, bool]], method: bool
) -> Iterator[Written]:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    given = {one.arg for one in arguments}
    anew = given & _bound_anew(parts)
    given |= _aliases(parts, given)
    itself = arguments[0].arg if method and arguments else ""
    listed = {one.arg for one in arguments if _named(one.annotation) in _LISTED} - anew
    own = anew | ({name for part in parts if (name := _adds_to(part))} - listed)
    inside = {part.arg for part in parts if isinstance(part, ast.arg)} | _names_made(node, parts)
    fields = {field for _, target, stored in changed if stored and (field := _field(target))}
    for part in parts:
        if (name := _adds_to(part)) in listed:
            yield Written(part, f"{name} is changed in place, and it was given", f"{name} = {name} + …")
    for part, target, stored in changed:
        root = _root(target)
        mine = root == itself and (isinstance(target, ast.Name) or _field(target) in fields)
        if root in given and root not in own and not mine:
            text = f"{ast.unparse(target)} is changed in place, and {root} was given"
            yield Written(
                part,
                text,
                f"a copy first, under a name of its own: own = copy.deepcopy({ast.unparse(_whole(target, stored))})",
            )
        elif stored and root and root not in inside:
            text = f"{ast.unparse(target)} is changed in place, and {root} is not made here"
            yield Written(part, text, "an argument, and a result with the change in it")


def _names_made(node: ast.FunctionDef, parts: list[ast.AST]) -> set[str]:
    """Every name that the function binds."""
    stored = {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
    others = (part for part in parts if isinstance(part, ast.MatchAs | ast.MatchStar | ast.FunctionDef))
    return stored | {part.name for part in others if part.name is not None and part is not node}


def _adds_to(part: ast.AST) -> str:
    """The name in `name += …`, or nothing."""
    match part:
        case ast.AugAssign(target=ast.Name(id=name)):
            return name
    return ""


def _field(target: ast.expr) -> str:
    """The name of a field of something that has a name, or nothing."""
    return target.attr if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) else ""


def _stored(part: ast.AST) -> Iterator[ast.expr]:
    """The places in values that a statement stores to, or deletes."""
    targets: list[ast.expr] = []
    match part:
        case ast.Assign(targets=found) | ast.Delete(targets=found):
            targets = [one for target in found for one in _flat(target)]
        case ast.AugAssign(target=target) | ast.AnnAssign(target=target, value=ast.expr()):
            targets = [target]
    return (target for target in targets if isinstance(target, ast.Attribute | ast.Subscript))


def _changed(part: ast.AST) -> Iterator[ast.expr]:
    """The values that a call changes."""
    match part:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=value, attr=attr))) if attr in CHANGING - _ANSWERS:
            yield value
        case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _ANSWERS:
            yield value
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=[first, *_]) if name in _BY_FUNCTION:
            yield first


def _flat(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _flat(part)
    else:
        yield target


def _aliases(parts: list[ast.AST], given: set[str]) -> set[str]:
    """Names that are nothing but other names for what was given, or for a part of it."""
    bound: dict[str, list[ast.expr | None]] = {}
    for part in parts:
        match part:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    for one in _flat(target):
                        if isinstance(one, ast.Name):
                            bound.setdefault(one.id, []).append(value if one is target else None)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                bound.setdefault(name, []).append(value)
            case ast.For(target=ast.Name(id=name), iter=iterated):
                bound.setdefault(name, []).append(iterated)
    known = set(given)
    while True:
        more = {
            name
            for name, values in bound.items()
            if name not in known and all(one is not None and _taken(one, known) for one in values)
        }
        if not more:
            return known - given
        known |= more


def _taken(node: ast.expr, known: set[str]) -> bool:
    """Whether an expression is a given value itself, or something in it."""
    match node:
        case ast.Name(id=name):
            return name in known
        case ast.Attribute(value=value) | ast.Subscript(value=value):
            return _taken(value, known) and not isinstance(getattr(node, "slice", None), ast.Slice)
    return False


def _bound_anew(parts: list[ast.AST]) -> set[str]:
    """Names that are given another value somewhere; what is written after that may be the function's own."""
    adds = {id(part.target) for part in parts if isinstance(part, ast.AugAssign)}
    stores = (part for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
    return {part.id for part in stores if id(part) not in adds}


def _whole(target: ast.expr, stored: bool) -> ast.expr:
    """The value that is changed: what a place is in, if the place is stored to."""
    return target.value if stored and isinstance(target, ast.Attribute | ast.Subscript) else target


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _named(annotation: ast.expr | None) -> str:
    while isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    return annotation.id if isinstance(annotation, ast.Name) else ""
