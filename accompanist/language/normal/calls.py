"""The forms of call that are points of a choreography: role operations, com, share, attempt, other choreographies.

What a form is, is decided by the name alone: a method of a role parameter, or a word of the language however it was
imported. A form with a mistake in it is reported here and read as `REFUSED_FORM`.
"""

from __future__ import annotations

import ast
import difflib
import re
from dataclasses import dataclass

from accompanist.language import waits
from accompanist.language.ir import ChoreographyHead
from accompanist.language.normal.expressions import Expressions
from accompanist.language.normal.parse import is_word
from accompanist.language.reading import annotation, crossing_sets, roles
from accompanist.language.reading.modules import Modules, Reference
from accompanist.language.reading.roles import DRAWN, RESERVED, Offer
from accompanist.language.text import codes
from accompanist.language.text.diagnostic import Findings, Write
from accompanist.language.types import NONE, Type


@dataclass(frozen=True, slots=True)
class CallForm:
    """`role.operation(arguments)`, arguments by parameter name in the order they are written."""

    role: str
    offer: Offer
    arguments: tuple[tuple[str, ast.expr], ...]


@dataclass(frozen=True, slots=True)
class MoveForm:
    """`com(value, to=role)` or `share(value, to=[role, …])`."""

    value: ast.expr
    recipients: tuple[str, ...]
    shared: bool


@dataclass(frozen=True, slots=True)
class AttemptForm:
    """`attempt(role.operation(arguments))`."""

    call: CallForm


@dataclass(frozen=True, slots=True)
class EnterForm:
    """`other(roles and values)`: the steps of another choreography."""

    callee: Reference


@dataclass(frozen=True, slots=True)
class RefusedForm:
    """One of the forms, with a mistake that has been reported."""


REFUSED_FORM = RefusedForm()
Form = CallForm | MoveForm | AttemptForm | EnterForm | RefusedForm


class CallReader:
    """Recognises the forms in one choreography."""

    def __init__(self, header: ChoreographyHead, expressions: Expressions) -> None:
        self._header, self._expressions = header, expressions
        self._events: dict[tuple[str, str], Type] = {}

    def abort(self, node: ast.Call) -> str | None:
        """The role of `role.abort(…)`, None for any other call."""
        match node.func:
            case ast.Attribute(value=ast.Name(id=name), attr="abort"):
                role = self._expressions.scope.roles.get(name)
                return None if role is None or "abort" in self._header.roles[role].refused else role
        return None

    def choreography(self, node: ast.Call) -> Reference | None:
        """The choreography that a call enters, None for any other call."""
        scope = self._expressions.scope
        if isinstance(node.func, ast.Name) and node.func.id in scope.choreographies:
            return scope.choreographies[node.func.id]
        if isinstance(node.func, ast.Name) and node.func.id in scope.variables:
            return None
        found = scope.names.resolve(node.func)
        return found if found is not None and is_choreography(scope.names.modules, found) else None

    def read(self, node: ast.Call) -> Form | None:
        """The form of a call, None if it is a local one."""
        scope = self._expressions.scope
        match node.func:
            case ast.Attribute(value=ast.Name(id=name), attr=operation) if name in scope.roles:
                if self._expressions.hidden(node, ast.unparse(node.func)):
                    return REFUSED_FORM
                return self._operation(node, name, scope.roles[name], operation)
        callee = self.choreography(node)
        if callee is not None:
            hidden = self._expressions.hidden(node, ast.unparse(node.func))
            return REFUSED_FORM if hidden else EnterForm(callee)
        found = scope.names.resolve(node.func)
        word = found.word if found is not None else ""
        if word not in ("com", "share", "attempt") or (word == "attempt" and self._is_local(node)):
            return None
        if self._expressions.hidden(node, word):
            return REFUSED_FORM
        return self._attempt(node) if word == "attempt" else self._move(node, word)

    def _is_local(self, node: ast.Call) -> bool:
        """Whether an attempt is one of an expression: nothing in it is a point of the choreography."""
        if len(node.args) != 1 or node.keywords or isinstance(node.args[0], ast.Starred):
            return False
        match node.args[0]:
            case ast.Name() | ast.Constant():
                return False  # nothing is computed that could fail
            case ast.Attribute(value=ast.Name(id=name)) if name in self._expressions.scope.roles:
                return False
        parts = list(ast.walk(node.args[0]))
        return not any(self._is_point(part) for part in parts if isinstance(part, ast.Call))

    def _is_point(self, node: ast.Call) -> bool:
        scope = self._expressions.scope
        match node.func:
            case ast.Attribute(value=ast.Name(id=name)) if name in scope.roles:
                return True
        found = scope.names.resolve(node.func)
        word = found.word if found is not None else ""
        return word in ("com", "share", "attempt") or self.choreography(node) is not None

    def _operation(self, node: ast.Call, name: str, role: str, operation: str) -> Form:
        owner = self._header.roles[role]
        if operation in owner.refused and owner.method(operation) is None:
            self._expressions.refuse_again(owner.refused[operation])
            return REFUSED_FORM
        if operation == "abort":
            return self._refuse(
                codes.EXPRESSION, node, "abort ends the saga and has no value", "write it on a line of its own"
            )
        if operation == "event":
            told = self._event(node, name, role)
            return REFUSED_FORM if told is None else CallForm(role, roles.event(*told), ())
        if operation == "timeout":
            return self._timeout(node, name, role)
        offer = owner.method(operation) or DRAWN.get(operation)
        if offer is None and operation in RESERVED:
            return self._refuse(
                codes.EXPRESSION, node, f"{name}.{operation} is not in the language yet", "make it a @query of the role"
            )
        if offer is None:
            offered = [*(offer.attribute for offer in owner.offers), "abort", "event", "timeout", *DRAWN]
            close = difflib.get_close_matches(operation, offered, 1)
            return self._refuse(
                codes.ROLE_UNKNOWN,
                node.func,
                f"{owner.name} has no operation {operation}",
                Write(f"{name}.{close[0]}(…)", (self._expressions.span(node.func), f"{name}.{close[0]}"))
                if close
                else f"declare it in class {owner.name}",
            )
        if offer.kind == "compensation":
            return self._refuse(
                codes.COMPENSATION_CALLED, node, f"{operation} is a compensation", Write(f'{name}.abort("reason")')
            )
        arguments = self._arguments(node, offer, f"{name}.{operation}")
        return REFUSED_FORM if arguments is None else CallForm(role, offer, arguments)

    def _event(self, node: ast.Call, name: str, role: str) -> tuple[str, Type] | None:
        """The name and type of `role.event("name", Type)`."""
        match node:
            case ast.Call(args=[ast.Constant(value=str(called)), written], keywords=[]) if waits.may_be_called(called):
                pass
            case _:
                self._refuse(codes.EVENT_FORM, node, *_misnamed(node, f"{name}.event"))
                return None
        names = self._expressions.scope.names
        try:
            type = annotation.type_of(names.modules, names.module, written)
        except annotation.Unresolved as problem:
            self._refuse(codes.TYPE_UNKNOWN, written, str(problem), "the type of what the event says")
            return None
        reason = names.messages.unsendable(type)
        besides = crossing_sets.reported(names.messages, type, found := Findings())
        if len(found):
            self._expressions.refuse_again(found)
        if besides or not type.known:
            self._refuse(
                codes.NOT_A_MESSAGE,
                written,
                f"an event cannot say this: {besides or 'its type is not whole'}",
                crossing_sets.instead(names.messages, type, besides),
            )
        if reason or not type.known:
            return None
        known = self._events.setdefault((role, called), type)
        if known != type:
            text = f"the event {called} of {role} is {known.text()} at another place, and {type.text()} here"
            self._refuse(codes.EVENT_TYPES, node, text, f'{name}.event("{called}", {known.text()})')
            return None
        return called, type

    def _timeout(self, node: ast.Call, name: str, role: str) -> Form:
        scope = self._expressions.scope
        match node:
            case ast.Call(
                args=[ast.Call(func=ast.Attribute(value=ast.Name(id=whose), attr="event")) as inner, seconds],
                keywords=[],
            ) if scope.roles.get(whose) == role and not isinstance(seconds, ast.Starred):
                told = self._event(inner, whose, role)
                if told is None:
                    return REFUSED_FORM
                return AttemptForm(CallForm(role, roles.timeout(*told), (("seconds", seconds),)))
        text = f"{name}.timeout takes an event of {name} and seconds"
        wanted = f'{name}.timeout({name}.event("approved", Approval), 3600)'
        return self._refuse(codes.TIMEOUT_FORM, node, text, wanted)

    def _arguments(self, node: ast.Call, offer: Offer, written: str) -> tuple[tuple[str, ast.expr], ...] | None:
        names = [name for name, _ in offer.parameters]
        wanted = f"{written}({', '.join(names)})" if names else Write(f"{written}()")
        if any(isinstance(part, ast.Starred) for part in node.args) or any(k.arg is None for k in node.keywords):
            self._refuse(codes.STAR, node, "arguments are spread with * or **", wanted)
            return None
        given = [*zip(names, node.args, strict=False), *((k.arg or "", k.value) for k in node.keywords)]
        keys = [name for name, _ in given]
        if len(node.args) > len(names) or sorted(keys) != sorted(names):
            self._refuse(codes.BAD_CALL, node, f"{written} takes {', '.join(names) or 'no arguments'}", wanted)
            return None
        return tuple(given)

    def _attempt(self, node: ast.Call) -> Form:
        match node:
            case ast.Call(args=[ast.Call() as inner], keywords=[]):
                form = self.read(inner)
                if isinstance(form, CallForm) and form.offer.may_decline:
                    return AttemptForm(form)
                if isinstance(form, CallForm):
                    written = ast.unparse(inner.func)
                    timed = waits.event_in(form.offer.name) is not None
                    timeout = f"{form.role}.timeout({ast.unparse(inner)}, seconds)"
                    wanted = timeout if timed else Write(ast.unparse(inner))
                    if form.offer.returns == NONE and not timed:  # nothing is left that could be asked
                        wanted = f"{ast.unparse(inner)}, and leave out what asks whether it went well"
                    return self._refuse(codes.BAD_ATTEMPT, node, f"{written} never declines", wanted)
                if isinstance(form, RefusedForm):
                    return form
        text = "attempt wraps neither a role call by itself nor an expression that may raise"
        return self._refuse(codes.BAD_ATTEMPT, node, text, "attempt(role.operation(…)), or attempt(lines[0])")

    def _move(self, node: ast.Call, word: str) -> Form:
        match node:
            case ast.Call(args=[value], keywords=[ast.keyword(arg="to", value=to)]) if not isinstance(
                value, ast.Starred
            ):
                recipients = self._recipients(to, word)
                if recipients is None:
                    return REFUSED_FORM
                return MoveForm(value, recipients, word == "share")
        form = "com(value, to=role)" if word == "com" else "share(value, to=[role, …])"
        return self._refuse(codes.BAD_MOVE, node, f"{word} takes one value and `to`", form)

    def _recipients(self, to: ast.expr, word: str) -> tuple[str, ...] | None:
        if word == "com" and not isinstance(to, (ast.Name, ast.Constant)):
            self._refuse(
                codes.BAD_MOVE,
                to,
                "com moves a value to one role",
                "to=role; for several roles share(value, to=[role, …])",
            )
            return None
        if word == "share" and not isinstance(to, (ast.List, ast.Tuple)):
            self._refuse(codes.BAD_MOVE, to, "share takes a list of roles", Write(f"[{ast.unparse(to)}]"))
            return None
        roles = self._expressions.scope.roles
        nodes = to.elts if isinstance(to, (ast.List, ast.Tuple)) else [to]
        names: list[str] = []
        for node in nodes:
            if isinstance(node, ast.Name) and node.id in roles:
                names.append(roles[node.id])
                continue
            others = [role for role in roles if role not in map(ast.unparse, nodes)]
            close = difflib.get_close_matches(ast.unparse(node), others if word == "share" else roles, 1)
            self._refuse(
                codes.ROLE_UNKNOWN,
                node,
                f"{ast.unparse(node)} is not a role of this choreography",
                Write(close[0]) if close else f"one of {', '.join(roles)}",
            )
        if len(names) < len(nodes):
            return None
        if not names or len(set(names)) < len(names):
            self._refuse(codes.BAD_MOVE, to, "the list of roles is empty or names a role twice", "each role once")
            return None
        return tuple(names)

    def _refuse(self, code: str, node: ast.AST, text: str, hint: str) -> Form:
        self._expressions.refuse(code, node, text, hint)
        return REFUSED_FORM


def is_choreography(modules: Modules, found: Reference) -> bool:
    """Whether a name stands for a function of the project that is decorated @choreography."""
    home = modules.find(found.module)
    if home is None or not isinstance(found.node, ast.FunctionDef):
        return False
    return any(is_word(modules, home, decorator) for decorator in found.node.decorator_list)


def _misnamed(node: ast.Call, called: str) -> tuple[str, str]:
    """What is wrong with an event that has no name as a text, or no type, and what to write."""
    form = f"{called} takes the name of the event, as a text, and the type of what it says"
    named = {one.arg: one.value for one in node.keywords}
    given = [*node.args, *(named[one] for one in ("name", "type") if one in named)]
    says = ast.unparse(given[1]) if len(given) == 2 else "TYPE"
    match given[:1]:
        case [ast.Constant(value=str(name))] if waits.may_be_called(name):
            text = f"{form}, in this order and without their names" if len(given) == 2 else form
            return text, f'{called}("{name}", {says})'
        case [ast.Constant(value=str(name))]:
            plain = "_".join(re.findall(r"[A-Za-z0-9_-]+", name)) or "event"
            plain = plain if plain[0].isalpha() else f"event_{plain}"
            text = f'{form}; "{name}" is none: letters, digits, _ and -, and a letter first'
            return text, f'{called}("{plain}", {says})'
        case [ast.Name(id=name) | ast.Attribute(attr=name)] if len(given) == 2:
            return f"{form}; what {ast.unparse(given[0])} holds shows only in a run", f'{called}("{name}", {says})'
    return form, f'{called}("approved", {says})'
