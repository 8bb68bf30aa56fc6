"""Which functions and classes of the project may raise when they are called. Each is judged once.

A @pure function is read by `body`. One that calls itself counts as raising: how deep it goes is not known. Those that
it calls are judged before it, so that a long row of them needs no deep stack.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language import types
from accompanist.language.annotation import dotted, reference
from accompanist.language.body import Body
from accompanist.language.modules import Module
from accompanist.language.names import Names
from accompanist.language.nodes import every_node
from accompanist.language.partial_calls import Signatures
from accompanist.language.types import Type

_Pair = tuple[str, str]


class Judged:
    """What is known of the functions and classes that one choreography's expressions call."""

    def __init__(self, names: Names, signatures: Signatures) -> None:
        self._names, self._signatures = names, signatures
        self._judged: dict[_Pair, str] = {}
        self._waiting: set[_Pair] = set()

    def why(self, module: str, name: str) -> str:
        """Why a function or a class of the project may raise when it is called; empty if it cannot."""
        waiting = [(module, name)]
        while waiting:
            pair = waiting[-1]
            if pair not in self._judged and pair not in self._waiting:
                self._waiting.add(pair)
                waiting += [one for one in self._callees(*pair) if one not in self._judged]
                continue
            waiting.pop()
            if pair not in self._judged:
                self._judged[pair] = f"{pair[1]} calls itself"  # as long as nothing else is known
                self._judged[pair] = self._judge(*pair)
        return self._judged[module, name]

    def _callees(self, module: str, name: str) -> Iterator[_Pair]:
        """The functions and classes of the project that a text names."""
        home = self._names.modules.find(module)
        node = home.bound[name][-1] if home is not None and name in home.bound else None
        if home is None or not isinstance(node, ast.FunctionDef):
            return
        for part in every_node(node):
            text = dotted(part.func) if isinstance(part, ast.Call) else ""
            found = self._names.modules.resolve(home, text) if text else None
            pair = (found.module, found.name) if found is not None else ("", "")
            if found is not None and isinstance(found.node, ast.FunctionDef) and pair not in self._waiting:
                yield pair

    def _judge(self, module: str, name: str) -> str:
        home = self._names.modules.find(module)
        node = home.bound[name][-1] if home is not None and name in home.bound else None
        if home is None or node is None:
            return ""
        if isinstance(node, ast.FunctionDef):
            found = self._read(home, node)
            return found and f"{name} may raise: {found}"
        message = self._names.messages.find(Type(name, module))
        if not isinstance(node, ast.ClassDef) or message is None:
            return ""
        if message.kind == "enum":
            return f"the value may be none of {name}'s"
        if message.kind == "model":
            return f"{name} refuses values that do not fit it"
        special = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name.startswith("__")]
        own = (self._read(home, one, Type(name, module)) for one in special if "init" in one.name)
        found = next(filter(None, own), "")
        inherited = (reference(self._names.modules, home, base) for base in node.bases)
        above = next(filter(None, (self.why(one.module, one.name) for one in inherited if one and one.node)), "")
        return (found and f"{name} may raise: {found}") or above

    def _read(self, home: Module, node: ast.FunctionDef, owner: Type | None = None) -> str:
        try:
            return Body(self, self._names, self._signatures, home, node, owner).why()
        except RecursionError:
            return f"what is in line {node.lineno} is nested too deep to be read"

    def member_of(self, owner: Type, member: str) -> str:
        """Why a property or a @pure method of a message may raise; empty if it cannot, or is none. Where the type is
        not known, it may be of any class that was read."""
        if not owner.known:
            classes = (Type(name, module) for module, name in self._names.messages.read)
            return next(filter(None, (self._of_class(one, member) for one in classes)), "")
        return next(filter(None, (self._of_class(types.unveiled(one), member) for one in owner.options)), "")

    def _of_class(self, owner: Type, member: str) -> str:
        found = self._names.messages.code_of(owner, member)
        home = self._names.modules.find(found[0]) if found is not None else None
        return "" if found is None or home is None else self._member(home, found[1], member)

    def _member(self, home: Module, owner: str, member: str) -> str:
        """Why a method of a class may raise."""
        key = (home.name, f"{owner}.{member}")
        if key not in self._judged:
            self._judged[key] = f"{key[1]} calls itself"  # as long as nothing else is known
            parts = [part for one in home.bound[owner] for part in getattr(one, "body", ())]
            bodies = [part for part in parts if isinstance(part, ast.FunctionDef) and part.name == member]
            why = next(filter(None, (self._read(home, body, Type(owner, home.name)) for body in bodies)), "")
            self._judged[key] = why and f"{key[1]} may raise: {why}"
        return self._judged[key]

    def special(self, owner: Type, seen: frozenset[Type] = frozenset()) -> str:
        """Why what Python calls of a value, or of what is in it, may raise: `__eq__`, `__str__` and the like."""
        if owner in seen:
            return ""
        seen |= {owner}
        message, home = self._names.messages.find(owner), self._names.modules.find(owner.module)
        if message is not None and home is not None:
            node = home.bound[owner.name][-1]
            own = [one.name for one in getattr(node, "body", ()) if _is_special(one)]
            why = next(filter(None, (self._member(home, owner.name, name) for name in own)), "")
            if why:
                return why
        fields = [type for _, type in message.fields] + list(message.bases) if message is not None else []
        return next(filter(None, (self.special(one, seen) for one in (*owner.arguments, *fields))), "")

    def has(self, owner: Type, member: str) -> bool:
        """Whether it is a member of a class that was read."""
        return any(self._names.messages.code_of(types.unveiled(one), member) is not None for one in owner.options)


def _is_special(node: ast.stmt) -> bool:
    """Whether it is a method that Python calls by itself, and not to make an object."""
    name = node.name if isinstance(node, ast.FunctionDef) else ""
    return name.startswith("__") and name.endswith("__") and "init" not in name
