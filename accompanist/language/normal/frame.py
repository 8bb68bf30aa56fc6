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
from accompanist.language.ir import Enter, Expression, Invoke, Let, Move, Statement, named
from accompanist.language.normal.expressions import Expressions, Hoist
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
    """A place in the normal form that is being made: its points so far, the scope of the text that is read there.
    `hoist` binds a role call, com, share, attempt or choreography (`expressions.Hoist`)."""

    def __init__(self, scope: Scope, findings: Findings, hoist: Hoist) -> None:
        self.expressions = Expressions(scope, findings, hoist, self._assign_in)
        self.out: list[Statement] = []
        self._prefix, self._points, self._sites = "", 0, 0  # the frame's prefix, the points in it, all points
        self.loops: list[str] = []  # kinds of the loops around a statement
        self.wanted: str | None = None  # the name that a hoisted call may be bound to
        self.declared: dict[str, Type] = {}  # of names that were declared without a value

    @property
    def scope(self) -> Scope:
        return self.expressions.scope

    @property
    def names(self) -> Names:
        return self.scope.names

    def read(self, node: ast.expr) -> Expression:
        """An expression; what has to be bound before it is put here."""
        read = self.expressions.read(node)
        for part in ast.walk(node) if read.refused else ():
            if isinstance(part, ast.NamedExpr):
                self.poison(part)
        return read

    def poison(self, node: ast.AST) -> None:
        """Bind what a refused part would have assigned, so that its uses are not reported too."""
        for name in sorted(assigned(node)):
            refused = Expression(ast.Constant(None), (), self.span(node), refused=True)
            self.out.append(Let((self.variable(name),), refused, self.span(node)))

    def bind(self, name: str, value: ast.expr, span: Span) -> None:
        """`name = value`; a call is bound to the name itself, without a temporary."""
        self.wanted = name if isinstance(value, ast.Call) else None
        wanted = self.read(value)
        self.wanted = None
        if not (isinstance(wanted.node, ast.Name) and wanted.node.id == name and self.just_bound(name)):
            self.out.append(Let((name,), wanted, span, declared=self.declared.get(name)))

    def _assign_in(self, target: ast.Name, value: ast.expr) -> str:
        """`name := value` inside an expression."""
        outer, self.wanted = self.wanted, None
        name = self.variable(target.id)
        self.bind(name, value, self.span(target))
        self.wanted = outer
        return name

    def just_bound(self, name: str) -> bool:
        """Whether the last point here is a call or a move that binds the name."""
        last = self.out[-1] if self.out else None
        return isinstance(last, (Enter, Invoke, Move)) and last.target == name

    def unpack(self, target: ast.expr, value: Expression, span: Span) -> None:
        """Bind a value to a target: to a name, or its parts to the parts of a tuple. What is none is refused."""
        match target:
            case ast.Name(id=name):
                self.out.append(Let((self.variable(name),), value, span))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                starred = [number for number, part in enumerate(parts) if isinstance(part, ast.Starred)]
                if len(starred) == 1:
                    self._unpack_rest(parts, starred[0], value, span)
                    return
                if starred:
                    self.refuse(codes.STAR, target, "two stars, and nobody could say which takes what", "one star")
                    self.poison(target)
                    return
                names = [self.variable(part.id) if isinstance(part, ast.Name) else self.temporary() for part in parts]
                self.out.append(Let(tuple(names), value, span, unpacked=True))
                for part, name in zip(parts, names, strict=True):
                    if not isinstance(part, ast.Name):
                        read: ast.expr = ast.copy_location(ast.Name(name, ast.Load()), part)
                        read = standing(read, part, self.names.module.source)
                        there = self.span(part)
                        self.unpack(part, Expression(read, ((name, there),), there, spoken=self.scope.spoken), span)
            case _:
                hint: str = _instead(target)
                if isinstance(target, ast.Subscript):
                    hint = in_place.put_in(self.names.module.source, target) or hint
                self.refuse(codes.MUTATION, target, f"{ast.unparse(target)} would be changed in place", hint)

    def _unpack_rest(self, parts: list[ast.expr], star: int, value: Expression, span: Span) -> None:
        """`first, *rest, last = value`: parts of a list that is made of it, by their numbers. Too few of them are an
        error as in Python: one of the parts is then not there."""
        whole, behind = self.temporary(), len(parts) - star - 1
        made = ast.List([ast.Starred(value.node, ast.Load())], ast.Load())
        self.out.append(Let((whole,), replace(value, node=ast.copy_location(made, value.node)), span))
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
                    standing(inner, value.node, self.names.module.source)
            where = self.span(part)
            one_of(standing(read, part, self.names.module.source), value.node, len(parts) - 1)
            self.unpack(part, Expression(read, ((whole, where),), where, spoken=self.scope.spoken), where)

    def variable(self, name: str) -> str:
        """The name in the normal form of a variable as written."""
        return self.scope.variables.get(name, name)

    @contextmanager
    def inside(self, frame: str) -> Iterator[None]:
        """Number the points from 1 again, behind a prefix, and go on as before afterwards."""
        outer = self._prefix, self._points
        self._prefix, self._points = frame, 0
        yield
        self._prefix, self._points = outer

    def is_role(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self.scope.roles

    def site(self) -> str:
        """The site of the next point. Raises TooLarge."""
        self._points += 1
        self._sites += 1
        if self._sites > limits.points_max:
            raise TooLarge(f"there are more than {limits.points_max} points, those of calls and turns included")
        return f"{self._prefix}{self._points}"

    def temporary(self) -> str:
        return named(self.site())

    def span(self, node: ast.AST) -> Span:
        return self.expressions.span(node)

    def refuse(self, code: str, node: ast.AST, text: str, hint: str) -> None:
        self.expressions.refuse(code, node, text, hint)


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
