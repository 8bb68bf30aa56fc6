"""Choreographies that another one calls: their heads, and which of the caller's roles and values stand for whose.

A called choreography's steps stand in the caller's normal form (`normal`), with the caller's roles in the places of its
own: that is role polymorphism, and any permutation of roles is as good as another. Its parameters may be at several
roles, since nobody starts it from outside. A parameter of type `Callable` stands for a choreography.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from accompanist.language.ir import ChoreographyHead
from accompanist.language.normal.calls import is_choreography
from accompanist.language.normal.expressions import Expressions
from accompanist.language.normal.parse import HeaderParser
from accompanist.language.reading import annotation, declared
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.reading.names import Names
from accompanist.language.reading.roles import RoleClass, RoleClasses
from accompanist.language.text import codes
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.nodes import every_node


@dataclass(frozen=True, slots=True)
class Callee:
    """A choreography that can be called: its text and its head."""

    module: Module
    node: ast.FunctionDef
    header: ChoreographyHead

    @property
    def name(self) -> str:
        return self.header.name


@dataclass(frozen=True, slots=True)
class Bound:
    """What a call gives: the caller's role for each of the callee's, an expression for each value, a choreography for
    each parameter that stands for one."""

    roles: Mapping[str, str]
    values: Mapping[str, ast.expr]
    choreographies: Mapping[str, Reference]


class Callees:
    """The choreographies of a project that are called, each head read once."""

    def __init__(
        self, modules: Modules, messages: Messages, classes: RoleClasses, findings: Findings, too_large: set[str]
    ) -> None:
        self._modules, self._messages, self._classes, self._findings = modules, messages, classes, findings
        self.too_large = too_large  # those that have been found to pass a bound, by module and name
        self._known: dict[tuple[str, str], Callee | None] = {}
        self._named: dict[tuple[str, str], list[Reference]] = {}

    def recursive(self, found: Reference) -> bool:
        """Whether a choreography calls itself, directly or through others that are named on the way."""
        key = (found.module, found.name)
        seen: set[tuple[str, str]] = set()
        wanted = self._calls(found)
        while wanted:
            other = wanted.pop()
            if (other.module, other.name) == key:
                return True
            if (other.module, other.name) not in seen:
                seen.add((other.module, other.name))
                wanted += self._calls(other)
        return False

    def reached(self, nodes: list[ast.FunctionDef], module: Module) -> set[tuple[str, str]]:
        """The choreographies that these ones call, directly or not."""
        seen: set[tuple[str, str]] = set()
        wanted = [Reference(module.name, node.name, node) for node in nodes]
        while wanted:
            one = wanted.pop()
            if (one.module, one.name) not in seen:
                seen.add((one.module, one.name))
                wanted += self._calls(one)
        return seen

    def _calls(self, found: Reference) -> list[Reference]:
        key = (found.module, found.name)
        if key not in self._named:
            home = self._modules.find(found.module)
            assert home is not None and found.node is not None
            parts = [part for part in every_node(found.node) if isinstance(part, (ast.Name, ast.Attribute))]
            named = [annotation.reference(self._modules, home, part) for part in parts]
            self._named[key] = [one for one in named if one is not None and is_choreography(self._modules, one)]
        return list(self._named[key])

    def find(self, found: Reference) -> Callee | None:
        """The choreography behind a name; None if its head is wrong, which has been reported."""
        key = (found.module, found.name)
        if key not in self._known:
            module = self._modules.find(found.module)
            assert module is not None and isinstance(found.node, ast.FunctionDef)
            if flaw := declared.of_function(self._modules, module, found.node):
                span = module.source.span(flaw.node)
                self._findings.add(codes.DECLARED, module.source, span, flaw.text, flaw.hint)
            parser = HeaderParser(self._modules, self._messages, self._classes, module, self._findings)
            header = parser.parse(found.node, called=True)
            self._known[key] = None if header is None else Callee(module, found.node, header)
        return self._known[key]


class Binder:
    """Reads the arguments of calls in one choreography."""

    def __init__(self, header: ChoreographyHead, expressions: Expressions) -> None:
        self._header, self._expressions = header, expressions

    def bind(self, node: ast.Call, callee: Callee) -> Bound | None:
        """What the call gives; None if it does not fit, which has been reported."""
        header = callee.header
        names = [argument.arg for argument in _parameters(callee.node)]
        if any(isinstance(part, ast.Starred) for part in node.args) or any(k.arg is None for k in node.keywords):
            self._refuse(codes.STAR, node, "arguments are spread with * or **", f"{callee.name}({', '.join(names)})")
            return None
        given = [*zip(names, node.args, strict=False), *((k.arg or "", k.value) for k in node.keywords)]
        if len(node.args) > len(names) or sorted(name for name, _ in given) != sorted(names):
            text = f"{callee.name} takes {', '.join(names)}"
            self._refuse(codes.BAD_CALL, node, text, f"{callee.name}({', '.join(names)})")
            return None
        roles: dict[str, str] = {}
        choreographies: dict[str, Reference] = {}
        fits = True
        for name, value in given:
            if name in header.roles:
                fits = self._role(name, value, callee, roles) and fits
            elif name in header.choreographies:
                fits = self._choreography(name, value, callee, choreographies) and fits
        if not fits:
            return None
        values = {name: value for name, value in given if name not in roles and name not in choreographies}
        return Bound(roles, values, choreographies)

    def _role(self, name: str, value: ast.expr, callee: Callee, roles: dict[str, str]) -> bool:
        known = self._expressions.scope.roles
        role = known.get(value.id) if isinstance(value, ast.Name) else None
        if role is None:
            text = f"{ast.unparse(value)} is not a role of this choreography, and {callee.name} takes a role for {name}"
            self._refuse(codes.ROLE_UNKNOWN, value, text, f"one of {', '.join(known)}")
            return False
        wanted: RoleClass = callee.header.roles[name]
        if self._header.roles[role] != wanted:
            text = f"{ast.unparse(value)} is a {self._header.roles[role].name}, and {callee.name} takes a {wanted.name}"
            fitting = [known_as for known_as, r in known.items() if self._header.roles[r] == wanted]
            self._refuse(codes.ROLE_MISFIT, value, text, f"one of {', '.join(fitting) or f'class {wanted.name}'}")
            return False
        if role in roles.values():
            text = f"{ast.unparse(value)} cannot be two roles of {callee.name} at once"
            self._refuse(codes.ROLE_MISFIT, value, text, "another role for one of them")
            return False
        roles[name] = role
        return True

    def _choreography(self, name: str, value: ast.expr, callee: Callee, found: dict[str, Reference]) -> bool:
        scope = self._expressions.scope
        known = scope.choreographies.get(value.id) if isinstance(value, ast.Name) else None
        reference = known or scope.names.resolve(value)
        if reference is None or not is_choreography(scope.names.modules, reference):
            text = f"{ast.unparse(value)} is not a choreography, and {callee.name} takes one for {name}"
            self._refuse(codes.ROLE_MISFIT, value, text, "the name of a function that is decorated @choreography")
            return False
        found[name] = reference
        return True

    def _refuse(self, code: str, node: ast.AST, text: str, hint: str) -> None:
        self._expressions.refuse(code, node, text, hint)


def passed_on(node: ast.FunctionDef, names: Names) -> frozenset[str]:
    """The names that a choreography gives to others as roles, or may: whatever stands alone as an argument of a call
    that is no com or share. What a loop over roles gives is what it goes over."""
    given: set[str] = set()
    loops = [part for part in ast.walk(node) if isinstance(part, ast.For) and isinstance(part.iter, ast.Tuple)]
    for call in (part for part in ast.walk(node) if isinstance(part, ast.Call)):
        found = names.resolve(call.func)
        if found is None or found.word not in ("com", "share"):
            values = [*call.args, *(keyword.value for keyword in call.keywords)]
            given |= {value.id for value in values if isinstance(value, ast.Name)}
    for loop in reversed(loops):
        if isinstance(loop.target, ast.Name) and loop.target.id in given and isinstance(loop.iter, ast.Tuple):
            given |= {part.id for part in loop.iter.elts if isinstance(part, ast.Name)}
    return frozenset(given)


def _parameters(node: ast.FunctionDef) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
