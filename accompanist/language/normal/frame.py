"""Where points of the normal form are put: their sites, their names, and the values they are bound to.

A site is a number in its frame. A loop's turn and a called choreography are frames: their points are numbered from 1
again, behind the site of the loop or the call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from accompanist import limits
from accompanist.language.ir import Block, Enter, Expression, Invoke, Let, Move, Statement, named
from accompanist.language.normal.expressions import Expressions
from accompanist.language.normal.scope import Scope
from accompanist.language.reading.names import Names
from accompanist.language.text import codes, in_place
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.instead import one_of, standing
from accompanist.language.text.nodes import children
from accompanist.language.text.source import Span
from accompanist.language.types import Type


class TooLarge(Exception):
    """The normal form passes a bound; the text says which."""


class Frame:
    """A place in the normal form that is being made: its points so far, the scope of the text that is read there."""

    def __init__(self, scope: Scope, findings: Findings) -> None:
        self._findings = findings
        self._expressions = Expressions(scope, findings, self._hoist, self._assign_in)
        self._out: list[Statement] = []
        self._frame, self._points, self._sites = "", 0, 0  # the frame's prefix, the points in it, all points
        self._loops: list[str] = []  # kinds of the loops around a statement
        self._wanted: str | None = None  # the name that a hoisted call may be bound to
        self._declared: dict[str, Type] = {}  # of names that were declared without a value

    def _block(self, nodes: list[ast.stmt]) -> Block:
        """A block of the source in normal form."""
        raise NotImplementedError

    def _hoist(self, node: ast.Call) -> str | None:
        """Bind a role call, com, share, attempt or choreography; see expressions.Hoist."""
        raise NotImplementedError

    @property
    def _scope(self) -> Scope:
        return self._expressions.scope

    @property
    def _names(self) -> Names:
        return self._scope.names

    def _read(self, node: ast.expr) -> Expression:
        read = self._expressions.read(node)
        for part in ast.walk(node) if read.refused else ():
            if isinstance(part, ast.NamedExpr):
                self._poison(part)
        return read

    def _poison(self, node: ast.AST) -> None:
        """Bind what a refused part would have assigned, so that its uses are not reported too."""
        for name in sorted(assigned(node)):
            refused = Expression(ast.Constant(None), (), self._span(node), refused=True)
            self._out.append(Let((self._variable(name),), refused, self._span(node)))

    def _bind(self, name: str, value: ast.expr, span: Span) -> None:
        """`name = value`; a call is bound to the name itself, without a temporary."""
        self._wanted = name if isinstance(value, ast.Call) else None
        wanted = self._read(value)
        self._wanted = None
        if not (isinstance(wanted.node, ast.Name) and wanted.node.id == name and self._just_bound(name)):
            self._out.append(Let((name,), wanted, span, declared=self._declared.get(name)))

    def _assign_in(self, target: ast.Name, value: ast.expr) -> str:
        """`name := value` inside an expression."""
        outer, self._wanted = self._wanted, None
        name = self._variable(target.id)
        self._bind(name, value, self._span(target))
        self._wanted = outer
        return name

    def _just_bound(self, name: str) -> bool:
        last = self._out[-1] if self._out else None
        return isinstance(last, (Enter, Invoke, Move)) and last.target == name

    def _unpack(self, target: ast.expr, value: Expression, span: Span) -> None:
        match target:
            case ast.Name(id=name):
                self._out.append(Let((self._variable(name),), value, span))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                starred = [number for number, part in enumerate(parts) if isinstance(part, ast.Starred)]
                if len(starred) == 1:
                    self._unpack_rest(parts, starred[0], value, span)
                    return
                if starred:
                    self._refuse(codes.STAR, target, "two stars, and nobody could say which takes what", "one star")
                    self._poison(target)
                    return
                names = [self._variable(part.id) if isinstance(part, ast.Name) else self._temporary() for part in parts]
                self._out.append(Let(tuple(names), value, span, unpacked=True))
                for part, name in zip(parts, names, strict=True):
                    if not isinstance(part, ast.Name):
                        read: ast.expr = ast.copy_location(ast.Name(name, ast.Load()), part)
                        read = standing(read, part, self._names.module.source)
                        there = self._span(part)
                        self._unpack(part, Expression(read, ((name, there),), there, spoken=self._scope.spoken), span)
            case _:
                hint: str = _instead(target)
                if isinstance(target, ast.Subscript):
                    hint = in_place.put_in(self._names.module.source, target) or hint
                self._refuse(codes.MUTATION, target, f"{ast.unparse(target)} would be changed in place", hint)

    def _unpack_rest(self, parts: list[ast.expr], star: int, value: Expression, span: Span) -> None:
        """`first, *rest, last = value`: parts of a list that is made of it, by their numbers. Too few of them are an
        error as in Python: one of the parts is then not there."""
        whole, behind = self._temporary(), len(parts) - star - 1
        made = ast.List([ast.Starred(value.node, ast.Load())], ast.Load())
        self._out.append(Let((whole,), replace(value, node=ast.copy_location(made, value.node)), span))
        for number, part in enumerate(parts):
            text = f"{whole}[{number}]"
            if number == star:
                part = part.value if isinstance(part, ast.Starred) else part
                text = f"{whole}[{star}:]" if not behind else f"{whole}[{star}:len({whole}) - {behind}]"
            elif number > star:
                text = f"{whole}[{star}:][{number - len(parts)}]"
            read = ast.parse(text, mode="eval").body
            for inner in ast.walk(read):
                ast.copy_location(inner, part)
                if isinstance(inner, ast.Name) and inner.id == whole:
                    standing(inner, value.node, self._names.module.source)
            where = self._span(part)
            one_of(standing(read, part, self._names.module.source), value.node, len(parts) - 1)
            self._unpack(part, Expression(read, ((whole, where),), where, spoken=self._scope.spoken), where)

    def _variable(self, name: str) -> str:
        """The name in the normal form of a variable as written."""
        return self._scope.variables.get(name, name)

    @contextmanager
    def _inside(self, frame: str) -> Iterator[None]:
        outer = self._frame, self._points
        self._frame, self._points = frame, 0
        yield
        self._frame, self._points = outer

    def _is_role(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self._scope.roles

    def _site(self) -> str:
        self._points += 1
        self._sites += 1
        if self._sites > limits.points_max:
            raise TooLarge(f"there are more than {limits.points_max} points, those of calls and turns included")
        return f"{self._frame}{self._points}"

    def _temporary(self) -> str:
        return named(self._site())

    def _span(self, node: ast.AST) -> Span:
        return self._expressions.span(node)

    def _refuse(self, code: str, node: ast.AST, text: str, hint: str) -> None:
        self._expressions.refuse(code, node, text, hint)


def _instead(target: ast.expr) -> str:
    """What to write instead of a change in place."""
    if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        name = target.value.id
        return f"{name} = dataclasses.replace({name}, {target.attr}=…)"
    if isinstance(target, ast.Subscript):
        return "a new value, by a comprehension or a @pure function"
    return "assign a new value to a name"


def assigned(node: ast.AST) -> set[str]:
    """Names that a statement assigns; those of comprehensions stay inside them."""
    found: set[str] = set()
    stack: list[ast.AST] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, ast.Name):
            if isinstance(part.ctx, ast.Store):
                found.add(part.id)
            continue
        if isinstance(part, ast.alias):
            found.add(part.asname or part.name.partition(".")[0])
        if isinstance(part, ast.MatchAs | ast.MatchStar) and part.name is not None:
            found.add(part.name)
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(part.name)
        if not isinstance(
            part, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.FunctionDef, ast.Lambda)
        ):
            stack.extend(children(part))
    return found
