"""A-normal form: each role call and each com or share becomes a point of its own, bound at most once.

This comes first because skipping it runs a charge twice: in `share(payment.charge(order), to=[warehouse])` the operand
is both sent and kept. Points are numbered here, in the order of evaluation: left to right, arguments before the call.

Statements that are not in the language are reported; the names they would assign are bound to something refused, so
that one cause is reported once.
"""

from __future__ import annotations

import ast
import re

from accompanist.language import annotation, codes
from accompanist.language.calls import AttemptForm, CallForm, CallReader, MoveForm
from accompanist.language.diagnostic import Findings
from accompanist.language.expressions import Expressions
from accompanist.language.ir import Abort, Block, Expression, Header, If, Invoke, Let, Move, Return, Statement
from accompanist.language.names import BUILTINS, OPERATIONS, Names
from accompanist.language.source import Span
from accompanist.language.types import REFUSED, Type

_TEMPORARY = re.compile(r"_\d+")


class Normaliser:
    """Turns the body of one choreography into normal form."""

    def __init__(self, names: Names, header: Header, variables: frozenset[str], findings: Findings) -> None:
        self._names, self._header, self._findings = names, header, findings
        self._expressions = Expressions(names, header.everywhere, variables, findings, self._hoist)
        self._calls = CallReader(names, header, self._expressions)
        self._out: list[Statement] = []
        self._sites = 0
        self._wanted: str | None = None  # the name that a hoisted call may be bound to

    def normalise(self, node: ast.FunctionDef) -> Block:
        """The body in normal form; what is wrong with it is in the findings."""
        self._check_names(node)
        return self._block(node.body)

    def _block(self, nodes: list[ast.stmt]) -> Block:
        outer, self._out = self._out, []
        for number, node in enumerate(nodes):
            self._statement(node)
            if isinstance(node, ast.Return) and number + 1 < len(nodes):
                self._refuse(codes.STATEMENT, nodes[number + 1], "this is never reached", "leave it out")
                break
        made, self._out = tuple(self._out), outer
        return made

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                self._assign(node, targets, value)
            case ast.AnnAssign(target=ast.Name(), value=ast.expr()):
                self._annotated(node)
            case ast.Expr(value=value):
                self._effect(node, value)
            case ast.If(test=test, body=body, orelse=orelse):
                guard = self._read(test)
                site = self._site()
                self._out.append(If(site, guard, self._block(body), self._block(orelse), self._span(test)))
            case ast.Return(value=value):
                result = self._read(value or ast.copy_location(ast.Constant(None), node))
                self._out.append(Return(result, self._span(node)))
            case ast.Pass():
                pass
            case _:
                self._foreign(node)

    def _assign(self, node: ast.Assign, targets: list[ast.expr], value: ast.expr) -> None:
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            self._bind(targets[0].id, value, self._span(node))
            return
        bound = self._read(value)
        for target in targets:
            self._unpack(target, bound, self._span(node))

    def _annotated(self, node: ast.AnnAssign) -> None:
        assert isinstance(node.target, ast.Name) and node.value is not None
        declared = REFUSED
        try:
            declared = annotation.type_of(self._names.modules, self._names.module, node.annotation)
        except annotation.Unresolved as problem:
            self._refuse(
                codes.TYPE_UNKNOWN, node.annotation, str(problem), "a plain type; places follow from the value"
            )
        value = self._read(node.value)
        self._out.append(Let((node.target.id,), value, self._span(node), declared=declared))

    def _bind(self, name: str, value: ast.expr, span: Span) -> None:
        """`name = value`; a call is bound to the name itself, without a temporary."""
        self._wanted = name if isinstance(value, ast.Call) else None
        wanted = self._read(value)
        self._wanted = None
        if not (isinstance(wanted.node, ast.Name) and wanted.node.id == name and self._just_bound(name)):
            self._out.append(Let((name,), wanted, span))

    def _just_bound(self, name: str) -> bool:
        last = self._out[-1] if self._out else None
        return isinstance(last, (Invoke, Move)) and last.target == name

    def _unpack(self, target: ast.expr, value: Expression, span: Span) -> None:
        match target:
            case ast.Name(id=name):
                self._out.append(Let((name,), value, span))
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                names = [part.id if isinstance(part, ast.Name) else self._temporary() for part in parts]
                self._out.append(Let(tuple(names), value, span, unpacked=True))
                for part, name in zip(parts, names, strict=True):
                    if not isinstance(part, ast.Name):
                        read = ast.copy_location(ast.Name(name, ast.Load()), part)
                        self._unpack(part, Expression(read, ((name, self._span(part)),), self._span(part)), span)
            case ast.Starred():
                self._refuse(codes.STAR, target, "a star takes a number of values that is not known", "name each value")
            case _:
                self._refuse(
                    codes.MUTATION,
                    target,
                    f"{ast.unparse(target)} would be changed in place",
                    "assign a new value to a name",
                )

    def _effect(self, node: ast.Expr, value: ast.expr) -> None:
        if isinstance(value, ast.Constant) and (value.value is ... or isinstance(value.value, str)):
            return  # a docstring
        before = len(self._findings)
        if isinstance(value, ast.Call) and self._calls.abort(value) is not None:
            self._abort(value)
            return
        read = self._read(value)
        name = read.node.id if isinstance(read.node, ast.Name) else ""
        if self._just_bound(name):
            last = self._out[-1]
            assert isinstance(last, (Invoke, Move))
            self._out[-1] = _unbound(last)
        elif len(self._findings) == before and not read.refused:
            self._refuse(codes.STATEMENT, node, "the value of this line goes nowhere", f"name = {ast.unparse(value)}")

    def _abort(self, node: ast.Call) -> None:
        role = self._calls.abort(node)
        assert role is not None
        reasons = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "reason")]
        if len(reasons) != 1 or len(node.args) + len(node.keywords) != 1:
            self._refuse(codes.BAD_CALL, node, "abort takes one argument, the reason", f'{role}.abort("reason")')
            reasons = [ast.copy_location(ast.Constant(""), node)]
        reason = self._read(reasons[0])
        self._out.append(Abort(self._site(), role, reason, self._span(node)))

    def _foreign(self, node: ast.stmt) -> None:
        fallback = (codes.STATEMENT, f"`{ast.unparse(node).splitlines()[0]}` is not in the language", "")
        code, text, hint = codes.FORMS.get(type(node), fallback)
        self._refuse(code, _first_line(node), text, hint)
        self._poison(node)

    # -- expressions and what is hoisted out of them --

    def _read(self, node: ast.expr) -> Expression:
        read = self._expressions.read(node)
        for part in ast.walk(node) if read.refused else ():
            if isinstance(part, ast.NamedExpr):
                self._poison(part)
        return read

    def _poison(self, node: ast.AST) -> None:
        """Bind what a refused part would have assigned, so that its uses are not reported too."""
        for name in sorted(_assigned(node)):
            refused = Expression(ast.Constant(None), (), self._span(node), refused=True)
            self._out.append(Let((name,), refused, self._span(node)))

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
                target = target or f"_{site}"
                kind = REFUSED if operand.refused else Type("?")
                self._out.append(Move(site, target, operand, recipients, shared, self._span(node), kind))
            case CallForm() | AttemptForm():
                call = form.call if isinstance(form, AttemptForm) else form
                arguments = tuple((name, self._read(value)) for name, value in call.arguments)
                site = self._site()
                target = target or f"_{site}"
                attempted = isinstance(form, AttemptForm)
                self._out.append(Invoke(site, target, call.role, call.offer, arguments, attempted, self._span(node)))
            case _:
                target = target or self._temporary()
                refused = Expression(ast.Constant(None), (), self._span(node), refused=True)
                self._out.append(Let((target,), refused, self._span(node)))
        return target

    def _site(self) -> str:
        self._sites += 1
        return str(self._sites)

    def _temporary(self) -> str:
        return f"_{self._site()}"

    def _span(self, node: ast.AST) -> Span:
        return self._expressions.span(node)

    def _refuse(self, code: str, node: ast.AST, text: str, hint: str) -> None:
        self._expressions.refuse(code, node, text, hint)

    def _check_names(self, node: ast.FunctionDef) -> None:
        """No variable hides what generated code or the choreography needs under that name."""
        named = [
            (part, part.id) for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        ]
        given = {parameter.name: parameter.span for parameter in self._header.given}
        for part, name in named:
            why = self._taken(name)
            if why:
                self._refuse(codes.TAKEN_NAME, part, f"{name} {why}", "another name")
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            why = self._taken(argument.arg) if argument.arg in given else ""
            if why:
                self._refuse(codes.TAKEN_NAME, argument, f"{argument.arg} {why}", "another name")

    def _taken(self, name: str) -> str:
        if name in self._header.roles:
            return "is a role"
        if name in self._names.module.bound:
            return "is defined at the top of the file"
        if name in BUILTINS:
            return "is a builtin that choreographies use"
        if name in OPERATIONS or _TEMPORARY.fullmatch(name):
            return "is reserved"
        return ""


def variables(node: ast.FunctionDef, header: Header) -> frozenset[str]:
    """Every local name of a choreography that is not a role."""
    given = {parameter.name for parameter in header.given}
    return frozenset(given | {name for statement in node.body for name in _assigned(statement)}) - header.everywhere


def _assigned(node: ast.AST) -> set[str]:
    """Names that a statement assigns; those of comprehensions stay inside them."""
    found: set[str] = set()
    stack: list[ast.AST] = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
        if not isinstance(
            part, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.FunctionDef, ast.Lambda)
        ):
            stack.extend(ast.iter_child_nodes(part))
    return found


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
