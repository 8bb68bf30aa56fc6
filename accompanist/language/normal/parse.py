"""The head of a choreography: its roles, its parameters with their places, its result.

    def NAME(role: RoleClass, …, parameter: At[Type, "role"], …) -> At[Type, "role", …]:

All parameters are owned by one role, the initiator: it is the one a client can start the choreography at.
"""

from __future__ import annotations

import ast
import difflib

from accompanist import limits
from accompanist.errors import catalogue
from accompanist.language.ir import ChoreographyHead, Owners, ValueParameter
from accompanist.language.reading import annotation, crossing_sets
from accompanist.language.reading.declared import head
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules
from accompanist.language.reading.roles import RoleClass, RoleClasses
from accompanist.language.text import advice, codes, unsupported
from accompanist.language.text.diagnostic import Findings, Write
from accompanist.language.types import NONE, REFUSED, Type

SEVERAL_RESULTS = catalogue(
    "ACC169",
    "results at several roles",
    "A choreography that another one calls may give several results, each at a place of its own: "
    '`-> tuple[At[A, "alice"], At[B, "bob"]]`. The caller names them at once, since no role owns them all. One that a '
    "client starts has one result, which its owners tell; so has one that calls itself.",
    "Write `x, y = NAME(…)` where it is called, and `return x, y` in it.",
)


def is_word(modules: Modules, module: Module, decorator: ast.expr) -> bool:
    """Whether a decorator is `@choreography`, if wrongly called: then `HeaderParser` says so."""
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    found = annotation.reference(modules, module, named)
    return found is not None and found.word == "choreography"


def choreographies(modules: Modules, module: Module, findings: Findings) -> list[ast.FunctionDef]:
    """The functions of a file that are decorated @choreography."""

    def decorated(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        return any(is_word(modules, module, decorator) for decorator in node.decorator_list)

    functions = [n for n in module.tree.body if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef)) and decorated(n)]
    for node in functions:
        if isinstance(node, ast.AsyncFunctionDef):
            code, text, hint = unsupported.FORMS[ast.Await]
            findings.add(code, module.source, module.source.span(head(node)), text, hint)
    return [node for node in functions if isinstance(node, ast.FunctionDef)]


_HOLD = frozenset({"At", "Iterable", "List", "Sequence", "dict", "frozenset", "list", "set", "tuple"})
"""What a parameter may be annotated with that holds others."""


class HeaderParser:
    """Reads the head of one choreography."""

    def __init__(
        self, modules: Modules, messages: Messages, classes: RoleClasses, module: Module, findings: Findings
    ) -> None:
        self._modules, self._messages, self._classes = modules, messages, classes
        self._module, self._findings = module, findings
        self._roles: dict[str, RoleClass] = {}

    def parse(self, node: ast.FunctionDef, *, called: bool = False) -> ChoreographyHead | None:
        """The head, or None if it is so wrong that the body cannot be read. `called` by another choreography, it need
        not be one that a client can start."""
        before = len(self._findings)
        self._shape(node)
        names = [argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            self._add(codes.SYNTAX, head(node), f"two parameters are called {twice}", "another name for one of them")
            return None
        given: list[ast.arg] = []
        for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
            role = self._role(argument)
            if role is None and (listed := self._listed(argument)):
                self._list_of_roles(argument, listed)
                return None  # what is done with them would be reported, too
            if role is None:
                given.append(argument)
            elif len(self._roles) == limits.roles_max:
                self._add(codes.TOO_LARGE, argument, f"a choreography has at most {limits.roles_max} roles")
                return None  # what the others do would be reported, too
            elif self._fits(argument):
                self._roles[argument.arg] = role
        choreographies = tuple(argument.arg for argument in given if called and self._is_callable(argument))
        parameters = tuple(self._given(argument) for argument in given if argument.arg not in choreographies)
        results = self._results(node, called)
        returns, owners = self._result(node) if results == () else _together(results)
        if not called or not self._roles:
            self._initiator(node, parameters)
        several = bool(results) and not called
        if len(self._findings) > before and (several or not self._readable(parameters, called)):
            return None
        span = self._module.source.span(head(node))
        return ChoreographyHead(node.name, self._roles, parameters, returns, owners, span, choreographies, results)

    def _readable(self, parameters: tuple[ValueParameter, ...], called: bool) -> bool:
        return bool(self._roles and (parameters or called)) and all(parameter.owners for parameter in parameters)

    def _is_callable(self, argument: ast.arg) -> bool:
        node = argument.annotation
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value.partition("[")[0] == "Callable"
        base = node.value if isinstance(node, ast.Subscript) else node
        found = None if base is None else annotation.reference(self._modules, self._module, base)
        return found is not None and found.module in ("typing", "collections.abc") and found.name == "Callable"

    def _shape(self, node: ast.FunctionDef) -> None:
        arguments = node.args
        if arguments.vararg or arguments.kwarg:
            self._add(
                codes.SIGNATURE,
                arguments.vararg or arguments.kwarg or node,
                "a choreography takes no * and ** parameters",
            )
        for default in [*arguments.defaults, *filter(None, arguments.kw_defaults)]:
            self._add(
                codes.SIGNATURE,
                default,
                "a parameter of a choreography has no default",
                f"leave `= {ast.unparse(default)}` out, and give the value where it is called or started",
            )
        if len(node.decorator_list) > 1:
            self._add(codes.SIGNATURE, node.decorator_list[0], f"{node.name} has more decorators than @choreography")
        self._plainly(node)
        if len(node.name) > limits.name_chars_max:
            self._add(codes.SIGNATURE, head(node), f"the name is longer than {limits.name_chars_max} letters")

    def _plainly(self, node: ast.FunctionDef) -> None:
        """Report `@choreography(…)`."""
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and is_word(self._modules, self._module, decorator):
                given = {one.arg or "" for one in decorator.keywords}
                word = ast.unparse(decorator.func)
                text, hint = f"{word} takes nothing, and is not called", f"@{word}"
                if any("deadline" in one or "timeout" in one for one in given):
                    text = "a deadline is none of a choreography, but of each start of it"
                    hint = f"@{word}, and give it where it is started: `accompanist start … --deadline-s 600`"
                    self._add(codes.SIGNATURE, decorator, text, hint)
                else:
                    self._add(codes.SIGNATURE, decorator, text, Write(word))

    def _role(self, argument: ast.arg) -> RoleClass | None:
        if argument.annotation is None:
            return None
        try:
            found = annotation.type_of(self._modules, self._module, argument.annotation)
        except annotation.Unresolved:
            return None
        return self._classes.find(found)

    def _listed(self, argument: ast.arg) -> str:
        """The role class of which a parameter is a list, or a tuple or dict; empty if it is none of roles."""
        match argument.annotation:
            case ast.Subscript(value=ast.Name(id=name)) if name in _HOLD:
                parts = list(ast.walk(argument.annotation))
            case _:
                return ""
        for part in parts:
            found = annotation.reference(self._modules, self._module, part) if isinstance(part, ast.Name) else None
            if found is not None and self._classes.find(Type(found.name, found.module)) is not None:
                return ast.unparse(part)
        return ""

    def _list_of_roles(self, argument: ast.arg, listed: str) -> None:
        text = f"{argument.arg} holds roles, and each role has a program of its own, known before a session starts"
        one = argument.arg.removesuffix("s") or argument.arg
        hint = f"a parameter for each: {one}_1: {listed}, {one}_2: {listed}; then for {one} in ({one}_1, {one}_2)"
        self._add(codes.ROLE_AS_VALUE, argument, text, hint)

    def _fits(self, argument: ast.arg) -> bool:
        if len(argument.arg) > limits.name_chars_max:
            self._add(codes.SIGNATURE, argument, f"the name is longer than {limits.name_chars_max} letters")
        return True

    def _given(self, argument: ast.arg) -> ValueParameter:
        span = self._module.source.span(argument)
        if argument.annotation is None:
            self._add(
                codes.SIGNATURE,
                argument,
                f"{argument.arg} has no type",
                self._typed(argument.arg),
            )
            return ValueParameter(argument.arg, REFUSED, frozenset(self._roles), span)
        parts = annotation.located(self._modules, self._module, argument.annotation)
        if parts is None:
            self._unplaced(argument, argument.annotation)
            return ValueParameter(argument.arg, REFUSED, frozenset(self._roles), span)
        return ValueParameter(
            argument.arg, self._type(parts[0], f"the parameter {argument.arg}"), self._places(parts[1]), span
        )

    def _typed(self, name: str) -> str:
        """What to write where a parameter has no type: its role class, if one is called like it."""
        alike = [one for one in self._module.bound if one.lower() == name.lower().replace("_", "")]
        found = [one for one in alike if self._classes.find(Type(one, self._module.name)) is not None]
        return Write(f"{name}: {found[0]}") if found else f'{name}: At[…, "{self._any_role()}"], or a role class'

    def _unplaced(self, argument: ast.arg, written: ast.expr) -> None:
        try:
            annotation.type_of(self._modules, self._module, written)
        except annotation.Unresolved as problem:
            self._add(codes.TYPE_UNKNOWN, written, str(problem), self._from(written))
            return
        self._add(
            codes.NO_PLACE,
            argument,
            f"{argument.arg} is neither a role nor does it have a place",
            (Write if self._roles else str)(f'{argument.arg}: At[{ast.unparse(written)}, "{self._any_role()}"]'),
        )

    def _results(self, node: ast.FunctionDef, called: bool) -> tuple[tuple[Type, Owners], ...]:
        """The results of `-> tuple[At[A, "a"], At[B, "b"]]`; none of any other head."""
        written = node.returns
        if not isinstance(written, ast.Subscript) or ast.unparse(written.value) not in (
            "tuple",
            "Tuple",
            "typing.Tuple",
        ):
            return ()
        parts = written.slice.elts if isinstance(written.slice, ast.Tuple) else [written.slice]
        placed = [annotation.located(self._modules, self._module, part) for part in parts]
        if not any(placed):
            return ()
        for part, found in zip(parts, placed, strict=True):
            if found is None:
                there = f'At[{ast.unparse(part)}, "{self._any_role()}"]'
                text = f"{ast.unparse(part)} has no place, and other results here have one"
                self._add(codes.NO_PLACE, part, text, Write(there, (self._module.source.span(part), there)))
                return ((REFUSED, frozenset(self._roles)),)
        if not called:
            text = f"{node.name} gives results at several roles, so it can only be called by another choreography"
            hint = "one result: -> At[Type, …], with what several roles need moved to each or shared"
            self._add(SEVERAL_RESULTS, written, text, hint)
        return tuple(
            (self._type(found[0], "a result"), self._places(found[1])) for found in placed if found is not None
        )

    def _result(self, node: ast.FunctionDef) -> tuple[Type, Owners]:
        everywhere = frozenset(self._roles)
        if node.returns is None:
            return NONE, everywhere
        parts = annotation.located(self._modules, self._module, node.returns)
        if parts is not None:
            return self._type(parts[0], "the result"), self._places(parts[1])
        found = self._type(node.returns, "the result")
        if found != NONE and not found.refused and len(everywhere) > 1:
            self._add(
                codes.NO_PLACE,
                node.returns,
                "the result has no place",
                Write(
                    f'-> At[{ast.unparse(node.returns)}, "{self._any_role()}"]',
                    (self._module.source.span(node.returns), f'At[{ast.unparse(node.returns)}, "{self._any_role()}"]'),
                ),
            )
            return found, frozenset()
        return found, everywhere

    def _initiator(self, node: ast.FunctionDef, parameters: tuple[ValueParameter, ...]) -> None:
        owners = {parameter.owners for parameter in parameters if not parameter.type.refused}
        if not self._roles:
            self._add(codes.SIGNATURE, head(node), f"{node.name} has no role", "def NAME(role: RoleClass, …)")
        elif not parameters:
            self._add(
                codes.INITIATOR,
                head(node),
                f"{node.name} has no parameter besides its roles, so no role can start it",
                f'give the role that starts it a parameter: request: At[Request, "{self._any_role()}"]',
            )
        elif all(owners) and (len(owners) > 1 or any(len(places) != 1 for places in owners)):
            placed = tuple((parameter.name, tuple(sorted(parameter.owners))) for parameter in parameters)
            self._add(
                codes.INITIATOR,
                head(node),
                "the parameters are at more than one role, so no single role can start it",
                "put all parameters at one role and move them with com()",
                placed,
            )

    def _places(self, nodes: list[ast.expr]) -> Owners:
        places: set[str] = set()
        for node in nodes:
            name = node.value if isinstance(node, ast.Constant) else node.id if isinstance(node, ast.Name) else None
            if isinstance(name, str) and name in places:
                text = f"{name} stands here twice"
                self._add(codes.NO_PLACE, node, text, f"each role once: {', '.join(map(repr, sorted(places)))}")
            if isinstance(name, str) and name in self._roles:
                places.add(name)
                continue
            close = difflib.get_close_matches(str(name), self._roles, 1)
            self._add(
                codes.ROLE_UNKNOWN,
                node,
                f"{ast.unparse(node)} is not a role of this choreography",
                Write(f'"{close[0]}"') if close else f"one of {', '.join(self._roles) or 'its role parameters'}",
            )
        if not nodes:
            return frozenset()
        return frozenset(places)

    def _type(self, node: ast.expr, what: str) -> Type:
        try:
            found = annotation.type_of(self._modules, self._module, node)
        except annotation.Unresolved as problem:
            self._add(codes.TYPE_UNKNOWN, node, str(problem), self._from(node))
            return REFUSED
        reason = self._messages.unsendable(found)
        if reason and self._messages.refused(found):
            return REFUSED
        besides = crossing_sets.reported(self._messages, found, self._findings)
        if besides or not found.known:
            self._add(
                codes.NOT_A_MESSAGE,
                node,
                f"{what} cannot be recorded: {besides or 'its type is not whole'}",
                crossing_sets.instead(self._messages, found, besides),
            )
        if reason or not found.known:
            return REFUSED
        return found

    def _from(self, written: ast.expr) -> str:
        """Where a type comes from that nothing here binds."""
        names = [part.id for part in ast.walk(written) if isinstance(part, ast.Name)]
        unbound = [name for name in names if name not in self._module.bound]
        known = (advice.from_library(self._module.source, name) for name in unbound)
        return next((one for one in known if one is not None), "import it, or define it in this file")

    def _any_role(self) -> str:
        return next(iter(self._roles), "role")

    def _add(
        self,
        code: str,
        node: ast.AST,
        text: str,
        hint: str = "",
        owners: tuple[tuple[str, tuple[str, ...]], ...] = (),
    ) -> None:
        self._findings.add(code, self._module.source, self._module.source.span(node), text, hint, owners)


def _together(results: tuple[tuple[Type, Owners], ...]) -> tuple[Type, Owners]:
    """Several results as one: who owns one of them."""
    return Type("tuple", "", tuple(type for type, _ in results)), frozenset().union(*(owners for _, owners in results))
