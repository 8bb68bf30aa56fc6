"""Whether a name of a function has a value wherever it is read: one that is bound on one path only may have none."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language import facts as known
from accompanist.language.nodes import children

_ENDS = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_OWN = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)


def unbound(node: ast.FunctionDef) -> Iterator[str]:
    """The names that may have no value where they are read, with the line."""
    names = {name for one in node.body for name in _binds(one)}
    given = {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
    yield from _Paths(names - given).block(node.body, frozenset())


def _binds(node: ast.AST) -> Iterator[str]:
    """The names that a statement gives a value, not those of a comprehension in it."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    if isinstance(node, _OWN):
        yield from (part.target.id for part in ast.walk(node) if isinstance(part, ast.NamedExpr))
    elif not isinstance(node, ast.FunctionDef):
        for one in children(node):
            yield from _binds(one)


class _Paths:
    """Goes along the paths with the names that have a value; `after` is where the last block ended, None if nowhere."""

    def __init__(self, names: set[str]) -> None:
        self._names = names
        self._after: frozenset[str] | None = None

    def block(self, body: list[ast.stmt], bound: frozenset[str]) -> Iterator[str]:
        for statement in body:
            yield from self._statement(statement, bound)
            if self._after is None:
                return
            bound = self._after
        self._after = bound

    def _statement(self, node: ast.stmt, bound: frozenset[str]) -> Iterator[str]:
        match node:
            case ast.If(test=test, body=body, orelse=orelse):
                yield from self._read(test, bound)
                bound |= frozenset(_binds(test))
                yield from self._join((body, bound), (orelse, bound))
            case ast.For(iter=test, body=body, orelse=orelse) | ast.While(test=test, body=body, orelse=orelse):
                yield from self._read(test, bound)
                bound |= frozenset(_binds(test))
                turned = known.names_in(node.target) if isinstance(node, ast.For) else frozenset[str]()
                yield from self.block(body, bound | turned)
                yield from self.block(orelse, bound)
                self._after = bound
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=final):
                caught = ((handler.body, bound) for handler in handlers)
                yield from self._join(([*body, *orelse], bound), *caught)
                after = self._after
                yield from self.block(final, bound)
                self._after = None if after is None or self._after is None else after | self._after
            case ast.FunctionDef():
                self._after = bound
            case _:
                yield from self._read(node, bound)
                self._after = None if isinstance(node, _ENDS) else bound | frozenset(_binds(node))

    def _join(self, *ways: tuple[list[ast.stmt], frozenset[str]]) -> Iterator[str]:
        ends: list[frozenset[str]] = []
        for body, bound in ways:
            yield from self.block(body, bound)
            ends += [self._after] if self._after is not None else []
        self._after = frozenset.intersection(*ends) if ends else None

    def _read(self, node: ast.AST, bound: frozenset[str]) -> Iterator[str]:
        parts = [*ast.walk(node)]
        inside = {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        inside -= set(_binds(node))
        inside |= {part.target.id for part in parts if isinstance(part, ast.NamedExpr)}
        inside |= {part.arg for part in parts if isinstance(part, ast.arg)}
        added = {node.target.id} if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) else set()
        for part in parts:
            if not isinstance(part, ast.Name) or part.id not in self._names - bound - inside:
                continue
            if isinstance(part.ctx, ast.Load) or part.id in added:
                yield f"{part.id} may have no value, in line {part.lineno}"
