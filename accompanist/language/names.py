"""Global names that a choreography's expressions and types use, each under one alias in the generated code.

Generated code sees nothing but these: message types, enums, @pure functions, constants, safe builtins and the
operations. A constant is a module-level name that is assigned once, from literals; its value is part of the projection.
"""

from __future__ import annotations

import ast
from collections.abc import Set

from accompanist import limits
from accompanist.language import annotation
from accompanist.language.messages import Messages
from accompanist.language.modules import Module, Modules, Reference
from accompanist.language.types import Type

# fmt: off
BUILTINS = frozenset({
    "abs", "all", "any", "bool", "bytes", "dict", "divmod", "enumerate", "float", "int", "isinstance",
    "len", "list", "max", "min", "pow", "range", "repr", "reversed", "round", "sorted", "str", "sum",
    "tuple", "zip",
})
# fmt: on
OPERATIONS = frozenset({"Abort", "Branch", "Call", "Choose", "Receive", "Send"})


class Names:
    """Aliases for global names; the same for all roles of a choreography."""

    def __init__(self, modules: Modules, messages: Messages, module: Module, locals: Set[str]) -> None:
        self.modules, self.messages, self.module = modules, messages, module
        self._locals = locals
        self._aliases: dict[tuple[str, str], str] = {}
        self.constants: dict[str, ast.expr] = {}

    def inside(self, module: Module) -> Names:
        """The same aliases, for text of another module."""
        other = Names(self.modules, self.messages, module, self._locals)
        other._aliases, other.constants = self._aliases, self.constants
        return other

    @property
    def table(self) -> dict[str, tuple[str, str]]:
        """Alias to (module, name), constants left out."""
        return {alias: pair for pair, alias in self._aliases.items() if alias not in self.constants}

    @property
    def pairs(self) -> dict[str, tuple[str, str]]:
        """Alias to (module, name), of constants as well."""
        return {alias: pair for pair, alias in self._aliases.items()}

    def resolve(self, node: ast.expr) -> Reference | None:
        """What a name or a dotted name in the choreography stands for."""
        return annotation.reference(self.modules, self.module, node)

    def alias(self, module: str, name: str) -> str:
        """The name that stands for (module, name) in generated code."""
        if (module, name) not in self._aliases:
            taken = {*self._aliases.values(), *self._locals, *OPERATIONS, *BUILTINS}
            alias = base = name.rpartition(".")[2]
            home = module.rpartition(".")[2]
            if alias in taken and home.isidentifier():
                alias = base = f"{home}_{alias}"
            for number in range(2, len(taken) + 3):
                if alias not in taken:
                    break
                alias = f"{base}_{number}"
            self._aliases[module, name] = alias
        return self._aliases[module, name]

    def type_text(self, type: Type) -> str:
        """A type as generated code writes it."""
        return type.text(self.alias)

    def constant(self, found: Reference) -> str | None:
        """The alias of a module-level constant, None if it is not one."""
        known = self._aliases.get((found.module, found.name))
        if known is not None and known in self.constants:
            return known
        module = self.modules.find(found.module)
        if module is None:
            return None
        value = self._value(module, ast.Name(found.name), limits.import_hops_max)
        if value is None:
            return None
        alias = self.alias(found.module, found.name)
        self.constants[alias] = value
        return alias

    def member(self, node: ast.Attribute, module: Module) -> ast.expr | None:
        """`Enum.MEMBER` with the enum's alias, None if it is none."""
        found = annotation.reference(self.modules, module, node.value)
        if found is None or not isinstance(found.node, ast.ClassDef):
            return None
        message = self.messages.find(Type(found.name, found.module))
        if message is None or node.attr not in message.members:
            return None
        return ast.Attribute(ast.Name(self.alias(found.module, found.name), ast.Load()), node.attr, ast.Load())

    def _value(self, module: Module, node: ast.expr, hops: int) -> ast.expr | None:
        if hops == 0:
            return None
        match node:
            case ast.Constant(value=value) if value is not ... and not isinstance(value, complex):
                return node
            case ast.UnaryOp(op=op, operand=operand):
                inner = self._value(module, operand, hops - 1)
                return inner and ast.UnaryOp(op, inner)
            case ast.BinOp(left=left, op=op, right=right):
                first, second = self._value(module, left, hops - 1), self._value(module, right, hops - 1)
                return ast.BinOp(first, op, second) if first and second else None
            case ast.Tuple(elts=parts):
                values = [self._value(module, part, hops - 1) for part in parts]
                return ast.Tuple([value for value in values if value], ast.Load()) if all(values) else None
            case ast.Attribute():
                return self.member(node, module)
            case ast.Name(id=name):
                return self._assigned(module, name, hops)
        return None

    def _assigned(self, module: Module, name: str, hops: int) -> ast.expr | None:
        found = self.modules.resolve(module, name)
        home = self.modules.find(found.module) if found is not None else None
        if found is None or home is None or len(home.bound.get(found.name, ())) != 1:
            return None  # bound twice: which one counts depends on when it is read
        match found.node:
            case ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(value=ast.expr() as value):
                return self._value(home, value, hops - 1)
        return None
