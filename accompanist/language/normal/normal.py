"""A-normal form: each role call and each com or share becomes a point of its own, bound at most once.

This comes first because skipping it runs a charge twice: in `share(payment.charge(order), to=[warehouse])` the operand
is both sent and kept. Points are numbered here, in the order of evaluation: left to right, arguments before the call.

Statements that are not in the language are reported; the names they would assign are bound to something refused, so
that one cause is reported once.

Sites and names are `frame`'s, compound statements `control`'s. A called choreography stands unrolled where it is
called, in a frame of its own, with its returns as assignments.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace

from accompanist import limits
from accompanist.language.ir import (
    Abort,
    Block,
    Due,
    Enter,
    Expression,
    Given,
    Header,
    If,
    Invoke,
    LeftOut,
    Let,
    Loop,
    Move,
    Procedure,
    Return,
    Statement,
    named,
    returns,
    walk,
)
from accompanist.language.normal import beside_roles, continuation
from accompanist.language.normal.callees import Binder, Bound, Callee, Callees
from accompanist.language.normal.calls import AttemptForm, CallForm, CallReader, EnterForm, MoveForm
from accompanist.language.normal.control import Control
from accompanist.language.normal.exhaustive import LEFT_OUT
from accompanist.language.normal.frame import TooLarge, assigned
from accompanist.language.normal.parse import SEVERAL_RESULTS
from accompanist.language.normal.scope import Scope
from accompanist.language.reading import annotation
from accompanist.language.reading.modules import Reference
from accompanist.language.reading.names import BUILTINS, OPERATIONS, Names
from accompanist.language.text import advice, codes, unsupported
from accompanist.language.text.diagnostic import Findings, Write
from accompanist.language.text.nodes import every_node
from accompanist.language.text.source import Span
from accompanist.language.types import REFUSED, Type

_TEMPORARY = re.compile(r"_\d.*")


class Normaliser(Control):
    """Turns the body of one choreography into normal form."""

    def __init__(
        self,
        names: Names,
        header: Header,
        variables: frozenset[str],
        callees: Callees,
        findings: Findings,
        left_out: Mapping[str, tuple[str, ...]],
    ) -> None:
        scope = Scope(names, {role: role for role in header.roles}, {name: name for name in variables})
        super().__init__(scope, findings, left_out)
        self._header, self._callees = header, callees
        self._calls = CallReader(header, self._expressions)
        self._binder = Binder(header, self._expressions)
        self._entered: list[tuple[str, str]] = []
        self._numbers: dict[tuple[object, ...], int] = {}
        self.procedures: dict[int, Procedure] = {}

    def normalise(self, node: ast.FunctionDef) -> Block:
        """The body in normal form; what is wrong with it is in the findings. Raises TooLarge."""
        self._check_names(node, self._header)
        return self._block(node.body)

    def _block(self, nodes: list[ast.stmt]) -> Block:
        outer, self._out = self._out, []
        for number, node in enumerate(nodes):
            self._statement(node)
            if isinstance(node, (ast.Return, ast.Break, ast.Continue)) and number + 1 < len(nodes):
                after = nodes[number + 1]
                hint = advice.left_out(self._names.module.source, self._span(after), unreached=True)
                self._refuse(codes.STATEMENT, after, "this is never reached", hint)
                break
        made, self._out = tuple(self._out), outer
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
                guard = self._read(test)
                site = self._site()
                self._out.append(If(site, guard, self._block(body), self._block(orelse), self._span(test)))
            case ast.Return(value=value):
                result = self._passed_on(value) or self._read(value or ast.copy_location(ast.Constant(None), node))
                self._out.append(Return(result, self._span(node)))
            case ast.For():
                self._for(node)
            case ast.While():
                self._while(node)
            case ast.Break() | ast.Continue() if self._loops:
                self._turn_end(node)
            case ast.Match():
                self._match(node)
            case ast.Pass():
                pass
            case ast.AugAssign(target=target):
                self._unpack(
                    target, Expression(ast.Constant(None), (), self._span(node), refused=True), self._span(node)
                )
            case _:
                self._foreign(node)

    def _assign(self, node: ast.Assign, targets: list[ast.expr], value: ast.expr) -> None:
        of_roles = self._of_roles(value) or beside_roles.holds_roles(value, self._is_role)
        if len(targets) == 1 and isinstance(targets[0], ast.Name) and of_roles:
            self._lists[targets[0].id] = value
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            self._bind(self._variable(targets[0].id), value, self._span(node))
            return
        if len(targets) == 1 and (callee := self._giving_several(value)) is not None:
            assert isinstance(value, ast.Call)
            self._several(value, targets[0], callee)
            return
        bound = self._read(value)
        for target in targets:
            self._unpack(target, bound, self._span(node))

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
            self._not_one(node, found)
            self._poison(target)
            return
        names = tuple(self._variable(part.id) if isinstance(part, ast.Name) else self._temporary() for part in parts)
        self._enter(node, callee, None, names)
        for part, name in zip(parts, names, strict=True):
            if not isinstance(part, ast.Name):
                read = ast.copy_location(ast.Name(name, ast.Load()), part)
                span = self._span(part)
                self._unpack(part, Expression(read, ((name, span),), span, spoken=self._scope.spoken), span)

    def _passed_on(self, value: ast.expr | None) -> Expression | None:
        """`return other(…)`, where each result has a place of its own."""
        callee = self._giving_several(value)
        if callee is None:
            return None
        assert isinstance(value, ast.Call)
        found = self._callees.find(callee)
        assert found is not None
        names = tuple(self._temporary() for _ in found.header.results)
        self._enter(value, callee, None, names)
        span = self._span(value)
        read = ast.copy_location(ast.Tuple([ast.Name(name, ast.Load()) for name in names], ast.Load()), value)
        return Expression(read, tuple((name, span) for name in names), span, spoken=self._scope.spoken)

    def _not_one(self, node: ast.Call, callee: Callee) -> None:
        """Several results are taken for one, or for another number."""
        names = ", ".join("xyzuvw"[number % 6] for number in range(len(callee.header.results)))
        text = f"{callee.name} gives {len(callee.header.results)} results, each at a place of its own"
        self._refuse(SEVERAL_RESULTS, node, text, f"{names} = {ast.unparse(node)}, on a line of its own")

    def _declare(self, node: ast.AnnAssign, name: str) -> None:
        """`name: Type` says of what type all values of the name are."""
        self._declared[self._variable(name)] = self._declared_type(node)

    def _declared_type(self, node: ast.AnnAssign) -> Type:
        try:
            return annotation.type_of(self._names.modules, self._names.module, node.annotation)
        except annotation.Unresolved as problem:
            self._refuse(codes.TYPE_UNKNOWN, node.annotation, str(problem), self._plain(node.annotation))
            return REFUSED

    def _annotated(self, node: ast.AnnAssign) -> None:
        assert isinstance(node.target, ast.Name) and node.value is not None
        declared = self._declared_type(node)
        value = self._read(node.value)
        self._out.append(Let((self._variable(node.target.id),), value, self._span(node), declared=declared))

    def _plain(self, written: ast.expr) -> str:
        """What to write instead of a local's type that cannot be read."""
        parts = annotation.located(self._names.modules, self._names.module, written)
        if parts is not None:
            return Write(ast.unparse(parts[0]))  # places follow from the value
        names = [part.id for part in ast.walk(written) if isinstance(part, ast.Name)]
        known = (advice.from_library(self._names.module.source, name) for name in names if name not in BUILTINS)
        return next((one for one in known if one is not None), "import the type, or define it in this file")

    def _augmented(self, node: ast.AugAssign) -> None:
        """`x += y` is `x = x + y` if x cannot be changed in place; `typed` sees to that."""
        assert isinstance(node.target, ast.Name)
        if self._is_role(node.target) or self._taken(node.target.id, self._header):
            self._poison(node)
            return  # said already: the name is taken
        before = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        value = self._read(ast.copy_location(ast.BinOp(before, node.op, node.value), node))
        self._out.append(Let((self._variable(node.target.id),), value, self._span(node), augmented=True))

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
            self._enter(value, callee, None)
            return
        read = self._read(value)
        name = read.node.id if isinstance(read.node, ast.Name) else ""
        if self._just_bound(name):
            last = self._out[-1]
            assert isinstance(last, (Invoke, Move))
            self._out[-1] = _unbound(last)
        elif len(self._findings) == before and not read.refused:
            name = advice.free(self._names.module.source, "name")
            hint = Write(f"{name} = {ast.unparse(value)}")
            self._refuse(codes.STATEMENT, node, "the value of this line goes nowhere", hint)

    def _abort(self, node: ast.Call) -> None:
        role = self._calls.abort(node)
        assert role is not None
        reasons = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "reason")]
        if len(reasons) != 1 or len(node.args) + len(node.keywords) != 1:
            hint = Write(f'{ast.unparse(node.func)}("reason")')
            self._refuse(codes.BAD_CALL, node, "abort takes one argument, the reason", hint)
            reasons = [ast.copy_location(ast.Constant(""), node)]
        reason = self._read(reasons[0])
        self._out.append(Abort(self._site(), role, reason, self._span(node)))

    def _foreign(self, node: ast.stmt) -> None:
        fallback = (codes.STATEMENT, f"`{ast.unparse(node).splitlines()[0]}` is not in the language", "")
        code, text, hint = unsupported.FORMS.get(type(node), fallback)
        role = next(iter(self._scope.roles))
        match node:
            case ast.Delete():
                hint = advice.left_out(self._names.module.source, self._span(node))
            case ast.Raise():
                hint = Write(f'{role}.abort("reason")')
            case ast.Assert(test=test):
                source = self._names.module.source
                indent, role = advice.indented(source, node), advice.asked_at(source, node, test, self._scope.roles)
                lines = f"if not ({ast.unparse(test)}):", f'    {role}.abort("reason")'
                hint = Write("\n".join(lines), (self._span(node), f"\n{indent}".join(lines)))
        self._refuse(code, _first_line(node), text, hint)
        self._poison(node)

    def _hoist(self, node: ast.Call) -> str | None:
        """Bind a role call, com, share or attempt; see expressions.Hoist."""
        wanted, self._wanted = self._wanted, None
        form = self._calls.read(node)
        if form is None:
            return None
        target = wanted
        match form:
            case MoveForm(value, recipients, shared):
                operand = self._read(value)
                site = self._site()
                target = target or named(site)
                kind = REFUSED if operand.refused else Type("?")
                self._out.append(Move(site, target, operand, recipients, shared, self._span(node), kind))
            case CallForm() | AttemptForm():
                call = form.call if isinstance(form, AttemptForm) else form
                arguments = tuple((name, self._read(value)) for name, value in call.arguments)
                site = self._site()
                target = target or named(site)
                attempted = isinstance(form, AttemptForm)
                self._out.append(Invoke(site, target, call.role, call.offer, arguments, attempted, self._span(node)))
            case EnterForm(callee):
                target = self._enter(node, callee, target or self._temporary())
            case _:
                target = target or self._temporary()
                refused = Expression(ast.Constant(None), (), self._span(node), refused=True)
                self._out.append(Let((target,), refused, self._span(node)))
        return target

    def _enter(self, node: ast.Call, reference: Reference, target: str | None, several: tuple[str, ...] = ()) -> str:
        """Put the steps of a called choreography here, its result bound to `target`, or its results to `several`."""
        callee = self._callees.find(reference)
        if callee is not None and callee.header.results and target is not None:
            self._not_one(node, callee)
            callee = None
        elif callee is not None and callee.header.results and self._callees.recursive(reference):
            text = f"{callee.name} calls itself, and gives results at several roles"
            self._refuse(SEVERAL_RESULTS, node, text, "one result, at each role that needs a part of it")
            callee = None
        key = (reference.module, reference.name)
        bound = None if callee is None else self._binder.bind(node, callee)
        span = self._span(node)
        recursive = self._callees.recursive(reference)
        if key in self._entered and not recursive:
            text = f"{reference.name} calls itself through a choreography that it is given"
            self._refuse(codes.RECURSION, node, text, "a loop: for or while")
            bound = None
        if callee is None or bound is None or len(self._entered) > limits.branch_depth_max:
            if callee is not None and bound is not None:
                raise TooLarge(f"choreographies call one another deeper than {limits.branch_depth_max}")
            refused = Expression(ast.Constant(None), (), span, refused=True)
            for name in several or (target or self._temporary(),):
                self._out.append(Let((name,), refused, span))
            return target or ""
        values = [(name, self._read(value)) for name, value in bound.values.items()]
        if recursive:
            self._proceed(callee, bound, dict(values), target, span)
            return target or ""
        site = self._site()
        local = {name: f"{named(site)}_{name}" for name in variables(callee.node, callee.header)}
        for given in callee.header.given:
            value = dict(values)[given.name]
            due = Due(frozenset(bound.roles[r] for r in given.owners), f"{callee.name} takes {given.name} at", False)
            self._out.append(Let((local[given.name],), value, value.span, declared=given.type, due=due))
        scope = Scope(self._names.inside(callee.module), bound.roles, local, bound.choreographies)
        gives = _gives(callee.header, bound.roles, several or (() if target is None else (target,)))
        self._out += self._given_back(self._steps(callee, scope, f"{site}."), callee, gives)
        return target or ""

    def _proceed(
        self, callee: Callee, bound: Bound, values: Mapping[str, Expression], target: str | None, span: Span
    ) -> None:
        """Enter a choreography that calls itself. Its steps stand in a procedure for each way its roles are given."""
        roles, header = bound.roles, callee.header
        way = (callee.module.name, callee.name, *sorted(roles.items()), *sorted(bound.choreographies.items()))
        fresh = way not in self._numbers
        number = self._numbers.setdefault(way, len(self._numbers) + 1)
        prefix = named(f"@{number}:")
        local = {name: f"{prefix}_{name}" for name in variables(callee.node, header)}
        given = tuple(
            Given(local[one.name], one.type, frozenset(roles[r] for r in one.owners), one.span) for one in header.given
        )
        owners = frozenset(roles[role] for role in header.result_owners)
        site = self._site()
        if fresh:
            inner = replace(header, roles=self._header.roles, given=given, result_owners=owners)
            scope = Scope(self._names.inside(callee.module), roles, local, bound.choreographies)
            self.procedures[number] = Procedure(number, inner, self._steps(callee, scope, f"@{number}:"))
        arguments = tuple((one, values[own.name]) for one, own in zip(given, header.given, strict=True))
        if header.result_is_none:
            target = None
        self._out.append(Enter(site, target, callee.name, number, arguments, owners, header.returns, span))

    def _steps(self, callee: Callee, scope: Scope, frame: str) -> Block:
        """The body of a called choreography, each of its paths ended."""
        outer, loops = self._expressions.scope, self._loops
        self._expressions.scope, self._loops = scope, []
        self._entered.append((callee.module.name, callee.name))
        self._check_names(callee.node, callee.header)
        key = f"{callee.module.name}.{callee.name}"
        if key in self._callees.too_large:
            raise TooLarge(f"{callee.name} is too large, with what it calls")
        try:
            with self._inside(frame):
                body = self._block(callee.node.body)
            pushed = continuation.push(body, self._span(callee.node.body[-1]))
        except TooLarge:
            self._callees.too_large.add(key)
            raise
        self._entered.pop()
        self._expressions.scope, self._loops = outer, loops
        return pushed

    def _given_back(
        self, block: Block, callee: Callee, gives: tuple[Gives, ...], left_out: LeftOut | None = None
    ) -> Block:
        """A called choreography's steps with its returns as assignments. `left_out`: by the match that leads here."""
        made: list[Statement] = []
        for point in block:
            match point:
                case If():
                    then = self._given_back(point.then, callee, gives, left_out)
                    orelse = self._given_back(point.orelse, callee, gives, point.left_out or left_out)
                    made.append(replace(point, then=then, orelse=orelse))
                case Loop() if returns(point.body):
                    text = "a return inside a loop of a choreography that is called"
                    self._findings.add(
                        codes.RETURN_IN_LOOP,
                        callee.module.source,
                        next(inner.span for inner in walk(point.body) if isinstance(inner, Return)),
                        text,
                        "assign the value to a name, leave the loop with break, and return behind it",
                    )
                case Return(value=value, span=span):
                    self._fits(value, callee, span, left_out)
                    parts = value.parts if callee.header.results else (value,)
                    if len(parts) < len(gives):  # said already
                        parts = (replace(value, refused=True),) * len(gives)
                    for (target, declared, due), part in zip(gives, parts, strict=False):
                        made.append(Let((target,), part, span, declared=declared, due=due))
                case _:
                    made.append(point)
        return tuple(made)

    def _fits(self, value: Expression, callee: Callee, span: Span, left_out: LeftOut | None) -> None:
        text = callee.header.misfit(value)
        if text and left_out is not None and value.is_none:
            self._findings.add(LEFT_OUT, callee.module.source, left_out.span, *left_out.told(text.replace("here ", "")))
        elif text:
            hint = f"return a value on this path, as the head of {callee.name} declares"
            self._findings.add(codes.RESULT, callee.module.source, span, text, hint)

    def _check_names(self, node: ast.FunctionDef, header: Header) -> None:
        """No variable hides what generated code or the choreography needs under that name."""
        stored = [
            (part, part.id)
            for part in every_node(node)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        ]
        given = {parameter.name: parameter.span for parameter in header.given}
        for part, name in stored:
            why = self._taken(name, header)
            if why:
                other = advice.free(self._names.module.source, f"{name}_" if name[0] != "_" else f"value{name}")
                self._refuse(codes.TAKEN_NAME, part, f"{name} {why}", f"another name: {other}")
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            why = self._taken(argument.arg, header) if argument.arg in given else ""
            if why:
                self._refuse(codes.TAKEN_NAME, argument, f"{argument.arg} {why}", "another name")

    def _taken(self, name: str, header: Header) -> str:
        if name in header.roles:
            return "is a role"
        if name in self._names.module.bound:
            return "is defined at the top of the file"
        if name in BUILTINS:
            return "is a builtin that choreographies use"
        if name in OPERATIONS or _TEMPORARY.fullmatch(name):
            return "is reserved"
        return ""


Gives = tuple[str, Type | None, Due]
"""A name that a called choreography gives a result to, of which type, and where that has to be."""


def _gives(header: Header, roles: Mapping[str, str], targets: tuple[str, ...]) -> tuple[Gives, ...]:
    results = header.results or ((None if header.result_is_none else header.returns, header.result_owners),)
    made: list[Gives] = []
    for number, (target, (type, owners)) in enumerate(zip(targets, results, strict=False), 1):
        which = f"result {number}" if header.results else "its result"
        made.append((target, type, Due(frozenset(roles[r] for r in owners), f"{header.name} gives {which} at", True)))
    return tuple(made)


def variables(node: ast.FunctionDef, header: Header) -> frozenset[str]:
    """Every local name of a choreography that is not a role."""
    given = {parameter.name for parameter in header.given}
    return frozenset(given | {name for statement in node.body for name in assigned(statement)}) - header.everywhere


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
