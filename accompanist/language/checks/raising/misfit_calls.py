"""Which calls in a text are judged by `misfits`: those whose error nobody catches.

What stands in a `try` with handlers, in a `with`, or in an `attempt` may raise on purpose. Not followed: who calls the
function itself.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import NamedTuple

from accompanist.language import types
from accompanist.language.checks.raising.always_raises import CertainError
from accompanist.language.checks.raising.misfits import Misfits, TypeOf
from accompanist.language.reading import annotation
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.reading.names import Names
from accompanist.language.reading.shadowed import bound_by, shadowed
from accompanist.language.text.nodes import children, every_node
from accompanist.language.types import ATTEMPTED, Type
from accompanist.language.vocabulary import BUILTINS

Attempts = Callable[[str], bool]
"""Whether a name is that of `attempt`."""


class Misfit(NamedTuple):
    node: ast.Call
    wrong: CertainError


def in_expression(misfits: Misfits, names: Names, node: ast.expr, type_of: TypeOf) -> Iterator[Misfit]:
    """The wrong calls of an expression in its normal form, whose names are aliases."""
    for call in _uncaught(node, lambda one: names.table.get(one) == ATTEMPTED):
        if not isinstance(call.func, ast.Name):
            continue
        found = names.meant(call.func.id)
        if found is None and call.func.id in BUILTINS:
            wrong = misfits.builtin(call.func.id, call)
        else:
            wrong = misfits.of(found, call, call.func.id, type_of) if found is not None else None
        if wrong is not None:
            yield Misfit(call, wrong)


def in_function(
    misfits: Misfits, modules: Modules, home: Module, node: ast.FunctionDef, owner: Type | None
) -> Iterator[Misfit]:
    """The wrong calls of a @pure function. `owner` is the class that it is a method of."""
    local = _bound(node)
    hidden = local | shadowed(modules, home)
    given = _given(modules, home, node, owner)

    def resolved(text: str) -> Reference | None:
        return modules.resolve(home, text) if text and text.split(".")[0] not in local else None

    def attempts(text: str) -> bool:
        found = resolved(text)
        return found is not None and found.word == "attempt"

    def type_of(one: ast.expr) -> Type:
        if isinstance(one, ast.Name):
            return given.get(one.id, types.UNKNOWN)
        made = resolved(annotation.dotted(one.func)) if isinstance(one, ast.Call) else None
        return Type(made.name, made.module) if made and isinstance(made.node, ast.ClassDef) else types.UNKNOWN

    for statement in node.body:
        for call in _uncaught(statement, attempts):
            text = annotation.dotted(call.func)
            found = resolved(text)
            if found is not None:
                wrong = misfits.of(found, call, text, type_of)
            else:
                wrong = misfits.builtin(text, call) if text not in hidden else None
            if wrong is not None:
                yield Misfit(call, wrong)


def _uncaught(node: ast.AST, attempts: Attempts) -> Iterator[ast.Call]:
    """The calls in a text but for those whose error may be caught."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        match one:
            case ast.Call() if attempts(annotation.dotted(one.func)):
                continue
            case ast.Call():
                yield one
            case ast.With() | ast.AsyncWith() | ast.TryStar():
                continue
            case ast.Try(handlers=[_, *_]):
                waiting += [*reversed(one.finalbody), *reversed(one.orelse), *reversed(one.handlers)]
                continue
        waiting += reversed(children(one))


def _bound(node: ast.FunctionDef) -> frozenset[str]:
    """The names that a function, or what is in it, gives a meaning of its own."""
    made: set[str] = set()
    for one in every_node(node):
        match one:
            case ast.arg(arg=name) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                made.add(name)
            case ast.MatchMapping(rest=str(name)) | ast.ExceptHandler(name=str(name)):
                made.add(name)
            case ast.stmt() if one is not node:
                made |= bound_by(one)
    return frozenset(made)


def _given(modules: Modules, home: Module, node: ast.FunctionDef, owner: Type | None) -> dict[str, Type]:
    """The types of the parameters that are bound once."""
    taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    again = {name for one in node.body for name in _stored(one)}
    made: dict[str, Type] = {}
    for one in taken:
        try:
            found = annotation.type_of(modules, home, one.annotation) if one.annotation is not None else types.UNKNOWN
        except annotation.Unresolved:
            found = types.UNKNOWN
        made[one.arg] = types.UNKNOWN if one.arg in again else found
    first = next(iter(taken), None)
    if owner is not None and first is not None and first.annotation is None and not node.decorator_list[1:]:
        static = {ast.unparse(one) for one in node.decorator_list} & {"staticmethod", "classmethod"}
        made[first.arg] = types.UNKNOWN if static or first.arg in again else owner
    return made


def _stored(node: ast.AST) -> Iterator[str]:
    for one in every_node(node):
        if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load):
            yield one.id
        elif isinstance(one, ast.arg):
            yield one.arg
        elif isinstance(one, ast.MatchAs | ast.MatchStar | ast.ExceptHandler) and one.name:
            yield one.name
