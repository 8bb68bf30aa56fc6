"""Loops and match in normal form.

A `for` goes over an index, so that its guard is a comparison and its element a subscript. A `while` whose guard calls
roles calls them each turn. `match` is a chain of branches (`patterns`). A loop over roles that stand there by name is
unrolled. `break` and `continue` are ends of a turn; `continuation` moves what follows them into the branches that go
on.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from accompanist import limits
from accompanist.language.ir import Again, Block, Expression, If, Leave, LeftOut, Let, Loop, named
from accompanist.language.normal import beside_roles, patterns
from accompanist.language.normal.frame import Frame, TooLarge
from accompanist.language.reading.names import Names
from accompanist.language.text import codes
from accompanist.language.text.instead import standing
from accompanist.language.types import Type


@dataclass(frozen=True, slots=True)
class Match:
    """A `match`: its cases, and what names mean there."""

    cases: tuple[ast.match_case, ...]
    names: Names


class Control:
    """The compound statements of one choreography, put into a frame; simple ones are `normal`'s, and so is `block`,
    which makes the blocks inside them.

    What the cases of a match take shows only when the types are known. So a choreography in which something is missing
    is read once more with what each match leaves out, by the name that it gives its subject; `matches` holds those that
    have no last case for everything.
    """

    def __init__(
        self, frame: Frame, block: Callable[[list[ast.stmt]], Block], left_out: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._frame, self._block = frame, block
        self._left_out = left_out
        self.matches: dict[str, Match] = {}
        self._lists: dict[str, ast.expr] = {}  # lists of roles that were refused, by the name that they were bound to

    def for_loop(self, node: ast.For) -> None:
        """A `for`, over values or over roles. Raises TooLarge, like all that makes points."""
        iterable = self._lists.get(node.iter.id, node.iter) if isinstance(node.iter, ast.Name) else node.iter
        if self._of_roles(iterable):
            assert isinstance(iterable, (ast.Tuple, ast.List))
            self._census(node, node.target, iterable.elts)
            return
        if isinstance(node.iter, ast.Call) and any(self._of_roles(part) for part in node.iter.args):
            self._counted(node, node.iter)
            return
        if beside_roles.holds_roles(rows := beside_roles.rows(iterable), self._frame.is_role):
            self._beside(node, rows)
            return
        iterated = self._frame.read(node.iter)
        span, site = self._frame.span(node.iter), self._frame.site()
        name, counter = f"{named(site)}_in", named(site)
        if not _is_range(iterated.node):
            whole = ast.Call(ast.Name("tuple", ast.Load()), [iterated.node], [])
            iterated = replace(iterated, node=ast.copy_location(whole, node.iter))
        self._frame.out.append(Let((name,), iterated, span))
        with self._turns(site):
            guard = self._frame.site()
            reads = ((name, span),)
            more = Expression(
                _expression(f"{counter} <= len({name})", node.iter), reads, span, spoken=self._frame.scope.spoken
            )
            element = Expression(
                _expression(f"{name}[{counter} - 1]", node.iter), reads, span, spoken=self._frame.scope.spoken
            )
            standing(element.node, node.target, self._frame.names.module.source)
            outer, self._frame.out = self._frame.out, []
            self._frame.unpack(node.target, element, self._frame.span(node.target))
            bound, self._frame.out = tuple(self._frame.out), outer
            body = (*bound, *self._block(node.body))
            self._frame.loops.pop()
            orelse = (*self._block(node.orelse), Leave(span))
            self._frame.loops.append("loop")
        self._frame.out.append(Loop(site, (If(guard, more, body, orelse, span),), span))

    def while_loop(self, node: ast.While) -> None:
        """A `while`, whose guard is read in each turn."""
        site, span = self._frame.site(), self._frame.span(node.test)
        forever = isinstance(node.test, ast.Constant) and bool(node.test.value)
        outer, self._frame.out = self._frame.out, []
        with self._turns(site):
            if forever:
                self._frame.out += self._block(node.body)
            else:
                test = self._frame.read(node.test)
                guard = self._frame.site()
                body = self._block(node.body)
                self._frame.loops.pop()
                orelse = (*self._block(node.orelse), Leave(span))
                self._frame.loops.append("loop")
                self._frame.out.append(If(guard, test, body, orelse, span))
        body, self._frame.out = tuple(self._frame.out), outer
        self._frame.out.append(Loop(site, body, span))

    def note_list(self, name: str, value: ast.expr) -> None:
        """Note a list with roles in it that a name is bound to. It is refused as a value, but a loop may go over it."""
        if self._of_roles(value) or beside_roles.holds_roles(value, self._frame.is_role):
            self._lists[name] = value

    def _of_roles(self, node: ast.expr) -> bool:
        return isinstance(node, (ast.Tuple, ast.List)) and any(self._frame.is_role(part) for part in node.elts)

    def _counted(self, node: ast.For, call: ast.Call) -> None:
        """`for number, role in enumerate((a, b))`, also from another start, is a loop over roles with a number."""
        starts = [*call.args[1:], *(keyword.value for keyword in call.keywords if keyword.arg == "start")]
        match call.func, node.target, starts or [ast.Constant(0)]:
            case ast.Name(id="enumerate"), ast.Tuple(elts=[ast.Name() as counter, role]), [ast.Constant(int(start))]:
                assert isinstance(call.args[0], (ast.Tuple, ast.List))
                self._census(node, role, call.args[0].elts, (counter, start))
                return
        text = f"{ast.unparse(call.func)} of roles is not a loop over roles"
        self._frame.refuse(codes.CENSUS, call, text, "for role in (…):  or  for number, role in enumerate((…)):")
        self._frame.poison(node)

    def _census(
        self, node: ast.For, target: ast.expr, parts: list[ast.expr], counted: tuple[ast.Name, int] | None = None
    ) -> None:
        """A loop over roles that stand there by name is unrolled: each turn is written out for its role. `counted`: a
        name that is given the number of the turn, and the first number."""
        other = next((part for part in parts if not self._frame.is_role(part)), None)
        if other is not None or not isinstance(target, ast.Name) or node.orelse:
            text = "a loop over roles binds one name and has no else"
            text = text if other is None else f"{ast.unparse(other)} is not a role, and others here are"
            self._frame.refuse(
                codes.CENSUS, other or target, text, "for role in (one, two): with roles and nothing else"
            )
            self._frame.poison(node)
            return
        roles = [part for part in parts if isinstance(part, ast.Name)]
        self._written_out(node, target, roles, [[] for _ in roles] if counted is None else _numbers(*counted, parts))

    def _beside(self, node: ast.For, iterable: ast.expr) -> None:
        """A loop that names values beside its roles is refused, and its turns are read all the same."""
        found = beside_roles.read(node, iterable, self._frame.is_role)
        if not isinstance(node.iter, ast.Name):  # a list under a name has been refused where it is made
            text, hint = beside_roles.told(found, node, self._frame.names.module.source)
            self._frame.refuse(codes.CENSUS, node.iter, text, hint)
        if found is None:
            self._frame.poison(node)
            return
        turns = [[(name, values[turn]) for name, values in found.values] for turn in range(len(found.roles))]
        self._written_out(node, found.role, list(found.roles), turns)

    def _written_out(
        self, node: ast.For, target: ast.Name, roles: list[ast.Name], given: list[list[tuple[ast.Name, ast.expr]]]
    ) -> None:
        """Each turn for its role. `given`: the other names that are bound in each turn, and their values."""
        site, outer = self._frame.site(), self._frame.expressions.scope
        self._frame.loops.append("census")
        for number, (role, values) in enumerate(zip(roles, given, strict=True), 1):
            self._frame.expressions.scope = outer.with_role(target.id, outer.roles[role.id])
            with self._frame.inside(f"{site}.{number}."):
                for name, value in values:
                    self._frame.bind(self._frame.variable(name.id), value, self._frame.span(name))
                self._frame.out += self._block(node.body)
        self._frame.loops.pop()
        self._frame.expressions.scope = outer

    def turn_end(self, node: ast.Break | ast.Continue) -> None:
        """A `break` or a `continue` inside a loop."""
        if self._frame.loops[-1] == "census":
            word = "break" if isinstance(node, ast.Break) else "continue"
            text = f"`{word}` in a loop over roles, whose turns are written out one after another"
            hint = "`over = False` before the loop, `over = True` here, and `if not over:` around each turn"
            hint = hint if word == "break" else "`if` around the rest of the turn"
            self._frame.refuse(codes.CENSUS, node, text, hint)
        else:
            self._frame.out.append(
                Leave(self._frame.span(node)) if isinstance(node, ast.Break) else Again(self._frame.span(node))
            )

    @contextmanager
    def _turns(self, site: str) -> Iterator[None]:
        if site.count("[]") >= limits.loop_depth_max:
            raise TooLarge(
                f"loops are nested deeper than {limits.loop_depth_max}, those of called choreographies included"
            )
        self._frame.loops.append("loop")
        with self._frame.inside(f"{site}[]."):
            yield
        self._frame.loops.pop()

    def match(self, node: ast.Match) -> None:
        """A `match`, as a chain of branches."""
        name = self._frame.temporary()
        self._frame.out.append(Let((name,), self._frame.read(node.subject), self._frame.span(node.subject)))
        outer = self._frame.expressions.scope
        self._frame.expressions.scope = outer.with_variable(name)
        subject: ast.expr = ast.copy_location(ast.Name(name, ast.Load()), node.subject)
        subject = standing(subject, node.subject, self._frame.names.module.source)
        if not patterns.takes_all(node.cases[-1]):
            self.matches[name] = Match(tuple(node.cases), self._frame.names)
        self._frame.out += self._cases(node.cases, subject, self._left_out.get(name))
        self._frame.expressions.scope = outer

    def _cases(self, cases: list[ast.match_case], subject: ast.expr, left_out: tuple[str, ...] | None) -> Block:
        """`left_out`: what no case takes, where that is known. Where it is nothing, what comes to the last case is
        taken by it."""
        if not cases:
            return ()
        first, *others = cases
        try:
            found = patterns.case(first.pattern, subject, self._fields)
        except patterns.Unmatched as problem:
            self._frame.refuse(problem.code, problem.node, problem.text, problem.hint)
            self._frame.poison(first)
            return self._cases(others, subject, left_out)
        test = _guarded(found, first.guard)
        if test is None and others:
            self._frame.refuse(
                codes.PATTERN,
                others[0].pattern,
                "the case above takes everything",
                "move the case above behind this one",
            )
            others = []
        guard = None if test is None else self._frame.read(test)
        site = "" if guard is None else self._frame.site()
        taken = left_out == () and not others
        outer, self._frame.out = self._frame.out, []
        if taken and guard is not None:
            self._frame.out.append(Let((), guard, self._frame.span(first.pattern)))
        for where, name, value in found.names:
            self._frame.bind(self._frame.variable(name), value, self._frame.span(where))
        bound, self._frame.out = tuple(self._frame.out), outer
        body = (*bound, *self._block(first.body))
        if guard is None or taken:
            return body
        missing = LeftOut(left_out, self._frame.span(subject)) if left_out and not others else None
        orelse = self._cases(others, subject, left_out)
        return (If(site, guard, body, orelse, self._frame.span(first.pattern), left_out=missing),)

    def _fields(self, node: ast.expr) -> list[str] | None:
        found = self._frame.names.resolve(node)
        message = self._frame.names.messages.find(Type(found.name, found.module)) if found is not None else None
        return [name for name, _ in message.fields] if message is not None else None


def _numbers(counter: ast.Name, first: int, turns: list[ast.expr]) -> list[list[tuple[ast.Name, ast.expr]]]:
    """What a name that counts the turns is given in each of them."""
    return [[(counter, ast.copy_location(ast.Constant(first + turn), counter))] for turn in range(len(turns))]


def _is_range(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"


def _expression(text: str, where: ast.AST) -> ast.expr:
    made = ast.parse(text, mode="eval").body
    for part in ast.walk(made):
        ast.copy_location(part, where)
    return made


def _guarded(found: patterns.Case, guard: ast.expr | None) -> ast.expr | None:
    """The condition of a case together with its guard, in which the pattern's names stand for what they bind."""
    if guard is None:
        return found.test
    values = {name: value for _, name, value in found.names}

    class Named(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.AST:
            return ast.copy_location(values[node.id], node) if node.id in values else node

    written = Named().visit(copy.deepcopy(guard))
    if found.test is None:
        return written  # type: ignore[no-any-return]
    return ast.copy_location(ast.BoolOp(ast.And(), [found.test, written]), guard)
