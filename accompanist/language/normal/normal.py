"""A-normal form: each role call and each com or share becomes a point of its own, bound at most once.

This comes first because skipping it runs a charge twice: in `share(payment.charge(order), to=[warehouse])` the operand
is both sent and kept. Points are numbered here, in the order of evaluation: left to right, arguments before the call.

Statements that are not in the language are reported; the names they would assign are bound to something refused, so
that one cause is reported once.

Sites and names are `frame`'s, compound statements `control`'s, called choreographies `unroll`'s.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from accompanist.language.ir import (
    Abort,
    Block,
    ChoreographyHead,
    Expression,
    If,
    Invoke,
    Let,
    Move,
    Procedure,
    Return,
    named,
)
from accompanist.language.normal.callees import Callees
from accompanist.language.normal.calls import AttemptForm, CallForm, CallReader, EnterForm, MoveForm
from accompanist.language.normal.control import Control, Match
from accompanist.language.normal.frame import Frame
from accompanist.language.normal.scope import Scope
from accompanist.language.normal.taken_names import check_names, why_taken
from accompanist.language.normal.unroll import Unroller
from accompanist.language.reading import annotation
from accompanist.language.reading.modules import Reference
from accompanist.language.reading.names import Names
from accompanist.language.text import advice, codes, unsupported
from accompanist.language.text.diagnostic import Findings, Write
from accompanist.language.types import REFUSED, Type
from accompanist.language.vocabulary import BUILTINS


class Normaliser:
    """Turns the body of one choreography into normal form."""

    def __init__(
        self,
        names: Names,
        header: ChoreographyHead,
        variables: frozenset[str],
        callees: Callees,
        findings: Findings,
        left_out: Mapping[str, tuple[str, ...]],
    ) -> None:
        scope = Scope(names, {role: role for role in header.roles}, {name: name for name in variables})
        self._header, self._callees, self._findings = header, callees, findings
        self._frame = Frame(scope, findings, self._hoist)
        self._control = Control(self._frame, self._block, left_out)
        self._calls = CallReader(header, self._frame.expressions)
        self._unroller = Unroller(self._frame, header, callees, findings, self._block)

    @property
    def matches(self) -> Mapping[str, Match]:
        """The matches that have no last case for everything, by the names of their subjects."""
        return self._control.matches

    @property
    def procedures(self) -> Mapping[int, Procedure]:
        """The procedures of choreographies that call themselves, by their numbers."""
        return self._unroller.procedures

    def normalise(self, node: ast.FunctionDef) -> Block:
        """The body in normal form; what is wrong with it is in the findings. Raises TooLarge."""
        check_names(self._frame, node, self._header)
        return self._block(node.body)

    def _block(self, nodes: list[ast.stmt]) -> Block:
        outer, self._frame.out = self._frame.out, []
        for number, node in enumerate(nodes):
            self._statement(node)
            if isinstance(node, (ast.Return, ast.Break, ast.Continue)) and number + 1 < len(nodes):
                after = nodes[number + 1]
                hint = advice.left_out(self._frame.names.module.source, self._frame.span(after), unreached=True)
                self._frame.refuse(codes.STATEMENT, after, "this is never reached", hint)
                break
        made, self._frame.out = tuple(self._frame.out), outer
        return made

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                self._assign(node, targets, value)
            case ast.AnnAssign(target=ast.Name(), value=ast.expr()):
                self._annotated(node)
            case ast.AnnAssign(target=ast.Name(id=name), value=None):
                self._declare(node, name)
            case ast.AugAssign(target=ast.Name()):
                self._augmented(node)
            case ast.Expr(value=value):
                self._effect(node, value)
            case ast.If(test=test, body=body, orelse=orelse):
                guard = self._frame.read(test)
                site = self._frame.site()
                self._frame.out.append(If(site, guard, self._block(body), self._block(orelse), self._frame.span(test)))
            case ast.Return(value=value):
                result = self._passed_on(value) or self._frame.read(
                    value or ast.copy_location(ast.Constant(None), node)
                )
                self._frame.out.append(Return(result, self._frame.span(node)))
            case ast.For():
                self._control.for_loop(node)
            case ast.While():
                self._control.while_loop(node)
            case ast.Break() | ast.Continue() if self._frame.loops:
                self._control.turn_end(node)
            case ast.Match():
                self._control.match(node)
            case ast.Pass():
                pass
            case ast.AugAssign(target=target):
                self._frame.unpack(
                    target,
                    Expression(ast.Constant(None), (), self._frame.span(node), refused=True),
                    self._frame.span(node),
                )
            case _:
                self._foreign(node)

    def _assign(self, node: ast.Assign, targets: list[ast.expr], value: ast.expr) -> None:
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            self._control.note_list(targets[0].id, value)
            self._frame.bind(self._frame.variable(targets[0].id), value, self._frame.span(node))
            return
        if len(targets) == 1 and (callee := self._giving_several(value)) is not None:
            assert isinstance(value, ast.Call)
            self._several(value, targets[0], callee)
            return
        bound = self._frame.read(value)
        for target in targets:
            self._frame.unpack(target, bound, self._frame.span(node))

    def _giving_several(self, value: ast.expr | None) -> Reference | None:
        """The choreography that a call enters, if it gives several results."""
        found = self._calls.choreography(value) if isinstance(value, ast.Call) else None
        callee = None if found is None else self._callees.find(found)
        return found if callee is not None and callee.header.results else None

    def _several(self, node: ast.Call, target: ast.expr, callee: Reference) -> None:
        """`x, y = other(…)`, where each result has a place of its own."""
        found = self._callees.find(callee)
        assert found is not None
        results, parts = found.header.results, target.elts if isinstance(target, (ast.Tuple, ast.List)) else []
        if len(parts) != len(results) or any(isinstance(part, ast.Starred) for part in parts):
            self._unroller.not_one(node, found)
            self._frame.poison(target)
            return
        names = tuple(
            self._frame.variable(part.id) if isinstance(part, ast.Name) else self._frame.temporary() for part in parts
        )
        self._unroller.enter(node, callee, None, names)
        for part, name in zip(parts, names, strict=True):
            if not isinstance(part, ast.Name):
                read = ast.copy_location(ast.Name(name, ast.Load()), part)
                span = self._frame.span(part)
                self._frame.unpack(part, Expression(read, ((name, span),), span, spoken=self._frame.scope.spoken), span)

    def _passed_on(self, value: ast.expr | None) -> Expression | None:
        """`return other(…)`, where each result has a place of its own."""
        callee = self._giving_several(value)
        if callee is None:
            return None
        assert isinstance(value, ast.Call)
        found = self._callees.find(callee)
        assert found is not None
        names = tuple(self._frame.temporary() for _ in found.header.results)
        self._unroller.enter(value, callee, None, names)
        span = self._frame.span(value)
        read = ast.copy_location(ast.Tuple([ast.Name(name, ast.Load()) for name in names], ast.Load()), value)
        return Expression(read, tuple((name, span) for name in names), span, spoken=self._frame.scope.spoken)

    def _declare(self, node: ast.AnnAssign, name: str) -> None:
        """`name: Type` says of what type all values of the name are."""
        self._frame.declared[self._frame.variable(name)] = self._declared_type(node)

    def _declared_type(self, node: ast.AnnAssign) -> Type:
        try:
            return annotation.type_of(self._frame.names.modules, self._frame.names.module, node.annotation)
        except annotation.Unresolved as problem:
            self._frame.refuse(codes.TYPE_UNKNOWN, node.annotation, str(problem), self._plain(node.annotation))
            return REFUSED

    def _annotated(self, node: ast.AnnAssign) -> None:
        assert isinstance(node.target, ast.Name) and node.value is not None
        declared = self._declared_type(node)
        value = self._frame.read(node.value)
        self._frame.out.append(
            Let((self._frame.variable(node.target.id),), value, self._frame.span(node), declared=declared)
        )

    def _plain(self, written: ast.expr) -> str:
        """What to write instead of a local's type that cannot be read."""
        parts = annotation.located(self._frame.names.modules, self._frame.names.module, written)
        if parts is not None:
            return Write(ast.unparse(parts[0]))  # places follow from the value
        names = [part.id for part in ast.walk(written) if isinstance(part, ast.Name)]
        known = (advice.from_library(self._frame.names.module.source, name) for name in names if name not in BUILTINS)
        return next((one for one in known if one is not None), "import the type, or define it in this file")

    def _augmented(self, node: ast.AugAssign) -> None:
        """`x += y` is `x = x + y` if x cannot be changed in place; `typed` sees to that."""
        assert isinstance(node.target, ast.Name)
        if self._frame.is_role(node.target) or why_taken(self._frame.names, node.target.id, self._header):
            self._frame.poison(node)
            return  # said already: the name is taken
        before = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        value = self._frame.read(ast.copy_location(ast.BinOp(before, node.op, node.value), node))
        self._frame.out.append(
            Let((self._frame.variable(node.target.id),), value, self._frame.span(node), augmented=True)
        )

    def _effect(self, node: ast.Expr, value: ast.expr) -> None:
        if isinstance(value, ast.Constant) and (value.value is ... or isinstance(value.value, str)):
            return  # a docstring
        before = len(self._findings)
        if isinstance(value, ast.Call) and self._calls.abort(value) is not None:
            self._abort(value)
            return
        callee = self._calls.choreography(value) if isinstance(value, ast.Call) else None
        if callee is not None:
            assert isinstance(value, ast.Call)
            self._unroller.enter(value, callee, None)
            return
        read = self._frame.read(value)
        name = read.node.id if isinstance(read.node, ast.Name) else ""
        if self._frame.just_bound(name):
            last = self._frame.out[-1]
            assert isinstance(last, (Invoke, Move))
            self._frame.out[-1] = _unbound(last)
        elif len(self._findings) == before and not read.refused:
            name = advice.free(self._frame.names.module.source, "name")
            hint = Write(f"{name} = {ast.unparse(value)}")
            self._frame.refuse(codes.STATEMENT, node, "the value of this line goes nowhere", hint)

    def _abort(self, node: ast.Call) -> None:
        role = self._calls.abort(node)
        assert role is not None
        reasons = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "reason")]
        if len(reasons) != 1 or len(node.args) + len(node.keywords) != 1:
            hint = Write(f'{ast.unparse(node.func)}("reason")')
            self._frame.refuse(codes.BAD_CALL, node, "abort takes one argument, the reason", hint)
            reasons = [ast.copy_location(ast.Constant(""), node)]
        reason = self._frame.read(reasons[0])
        self._frame.out.append(Abort(self._frame.site(), role, reason, self._frame.span(node)))

    def _foreign(self, node: ast.stmt) -> None:
        fallback = (codes.STATEMENT, f"`{ast.unparse(node).splitlines()[0]}` is not in the language", "")
        code, text, hint = unsupported.FORMS.get(type(node), fallback)
        role = next(iter(self._frame.scope.roles))
        match node:
            case ast.Delete():
                hint = advice.left_out(self._frame.names.module.source, self._frame.span(node))
            case ast.Raise():
                hint = Write(f'{role}.abort("reason")')
            case ast.Assert(test=test):
                source = self._frame.names.module.source
                indent, role = (
                    advice.indented(source, node),
                    advice.asked_at(source, node, test, self._frame.scope.roles),
                )
                lines = f"if not ({ast.unparse(test)}):", f'    {role}.abort("reason")'
                hint = Write("\n".join(lines), (self._frame.span(node), f"\n{indent}".join(lines)))
        self._frame.refuse(code, _first_line(node), text, hint)
        self._frame.poison(node)

    def _hoist(self, node: ast.Call) -> str | None:
        """Bind a role call, com, share or attempt; see expressions.Hoist."""
        wanted, self._frame.wanted = self._frame.wanted, None
        form = self._calls.read(node)
        if form is None:
            return None
        target = wanted
        match form:
            case MoveForm(value, recipients, shared):
                operand = self._frame.read(value)
                site = self._frame.site()
                target = target or named(site)
                kind = REFUSED if operand.refused else Type("?")
                self._frame.out.append(Move(site, target, operand, recipients, shared, self._frame.span(node), kind))
            case CallForm() | AttemptForm():
                call = form.call if isinstance(form, AttemptForm) else form
                arguments = tuple((name, self._frame.read(value)) for name, value in call.arguments)
                site = self._frame.site()
                target = target or named(site)
                attempted = isinstance(form, AttemptForm)
                self._frame.out.append(
                    Invoke(site, target, call.role, call.offer, arguments, attempted, self._frame.span(node))
                )
            case EnterForm(callee):
                target = self._unroller.enter(node, callee, target or self._frame.temporary())
            case _:
                target = target or self._frame.temporary()
                refused = Expression(ast.Constant(None), (), self._frame.span(node), refused=True)
                self._frame.out.append(Let((target,), refused, self._frame.span(node)))
        return target


def _unbound(point: Invoke | Move) -> Invoke | Move:
    if isinstance(point, Invoke):
        return Invoke(point.site, None, point.role, point.offer, point.arguments, point.attempt, point.span)
    return Move(point.site, None, point.value, point.recipients, point.shared, point.span, point.type)


def _first_line(node: ast.stmt) -> ast.AST:
    """The head of a compound statement, which is what is wrong with it; a simple one as it is."""
    if not hasattr(node, "body"):
        return node
    line = ast.Pass()
    line.lineno = line.end_lineno = node.lineno
    line.col_offset, line.end_col_offset = node.col_offset, node.col_offset + len(type(node).__name__)
    return line
