"""Global names that a choreography's expressions and types use, each under one alias in the generated code.

Generated code sees nothing but these: message types, enums, @pure functions, constants, safe builtins and the
operations. The value of a constant (`constants`) is part of the projection.
"""

from __future__ import annotations

import ast
from collections.abc import Set

from accompanist.language.reading import annotation, library
from accompanist.language.reading.constants import Constants
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.types import Type
from accompanist.language.vocabulary import BUILTINS, OPERATIONS


class Names:
    """Aliases for global names; the same for all roles of a choreography."""

    def __init__(self, modules: Modules, messages: Messages, module: Module, locals: Set[str]) -> None:
        self.modules, self.messages, self.module = modules, messages, module
        self._locals = locals
        self._aliases: dict[tuple[str, str], str] = {}
        self.constants: dict[str, ast.expr] = {}
        self.members: set[tuple[str, str, str]] = set()
        """(module, class, member) of the properties and @pure methods that run."""

    def inside(self, module: Module) -> Names:
        """The same aliases, for text of another module."""
        other = Names(self.modules, self.messages, module, self._locals)
        other._aliases, other.constants, other.members = self._aliases, self.constants, self.members
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

    def meant(self, alias: str) -> Reference | None:
        """What an alias stands for, where it is defined."""
        pair = self.table.get(alias)
        home = self.modules.find(pair[0]) if pair is not None else None
        bound = home.bound.get(pair[1]) if home is not None and pair is not None else None
        return Reference(*pair, bound[-1] if bound else None) if pair is not None else None

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
        value = self.value(found)
        if value is None:
            return None
        alias = self.alias(found.module, found.name)
        if (found.module, found.name) not in library.CONSTANTS:
            self.constants[alias] = value
        return alias

    def value(self, found: Reference) -> ast.expr | None:
        """What a constant stands for, None if it is none."""
        if (found.module, found.name) in library.CONSTANTS:
            return ast.Name(self.alias(found.module, found.name), ast.Load())
        module = self.modules.find(found.module)
        if module is None:
            return None
        return Constants(self.modules, self.messages, self.alias, self.member).assigned(module, found.name)

    def member(self, node: ast.Attribute, module: Module) -> ast.expr | None:
        """`Enum.MEMBER` with the enum's alias, None if it is none."""
        found = annotation.reference(self.modules, module, node.value)
        if found is None or not isinstance(found.node, ast.ClassDef):
            return None
        message = self.messages.find(Type(found.name, found.module))
        if message is None or node.attr not in message.members:
            return None
        return ast.Attribute(ast.Name(self.alias(found.module, found.name), ast.Load()), node.attr, ast.Load())
