"""Which functions and classes of the project may raise when they are called. Each is judged once.

A @pure function is read by `body`. One that calls itself counts as raising: how deep it goes is not known. Those that
it calls are judged before it, so that a long row of them needs no deep stack.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from accompanist.language import types
from accompanist.language.checks.functions.body import FunctionBody
from accompanist.language.checks.raising.comparable import Comparable
from accompanist.language.checks.raising.partial_calls import Signatures
from accompanist.language.reading.above import is_cached, strange, unread_base
from accompanist.language.reading.annotation import dotted, reference
from accompanist.language.reading.below import (
    ATTRIBUTE_HOOKS,
    EMPTY,
    Below,
    binds,
    default_factories,
    fields_with_default,
    is_special,
    made_otherwise,
    makes_objects,
    specials,
)
from accompanist.language.reading.modules import Module, Reference
from accompanist.language.reading.names import Names
from accompanist.language.reading.shadowed import rebound
from accompanist.language.text.nodes import every_node
from accompanist.language.types import Type

_Pair = tuple[str, str]


class Judged:
    """What is known of the functions and classes that one choreography's expressions call."""

    def __init__(self, names: Names, signatures: Signatures) -> None:
        self._names, self._signatures = names, signatures
        self._judged: dict[_Pair, str] = {}
        self._waiting: set[_Pair] = set()
        self._endless: set[_Pair] = set()
        self._sizes: dict[_Pair, int | None] = {}
        self._below = Below(names.modules)

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
        if name in rebound(home):
            return f"{name} is bound in more than one place"
        if isinstance(node, ast.FunctionDef):
            found = strange(self._names.modules, home, node) or self._cached(home, node) or self._read(home, node)
            return found and f"{name} may raise: {found}"
        message = self._names.messages.find(Type(name, module))
        if not isinstance(node, ast.ClassDef):
            return ""
        if message is not None and message.kind == "enum":
            return f"the value may be none of {name}'s"
        if message is not None and (message.kind == "model" or message.checked):
            return f"{name} refuses values that do not fit it"
        found = self._made(home, node)
        inherited = (reference(self._names.modules, home, base) for base in node.bases)
        above = next(filter(None, (self._above(one) for one in inherited if one is not None)), "")
        return (found and f"{name} may raise: {found}") or above

    def _above(self, found: Reference) -> str:
        """Why making an object of a class, or of one that derives from it, may raise."""
        home = self._names.modules.find(found.module)
        if home is None or not isinstance(found.node, ast.ClassDef):
            return ""
        message = self._names.messages.find(Type(found.name, found.module))
        return self.why(found.module, found.name) if message is not None else self._made(home, found.node)

    def _cached(self, home: Module, node: ast.FunctionDef) -> str:
        """What a function is given is a key, if its results are kept."""
        if not is_cached(self._names.modules, home, node):
            return ""
        given = [found for _, found in self._names.messages.parameters(home, node)]
        hashable = Comparable(self._names.messages).unhashable
        odd = next((one.text() for one in given if not one.known or hashable(one) or self.special(one)), "")
        return odd and f"what it is given is a key for what is kept of it, and {odd} may be none"

    def _made(self, home: Module, node: ast.ClassDef) -> str:
        """Why the code of a class that makes an object may raise: its `__post_init__`, say, or a default factory."""
        if above := strange(self._names.modules, home, node):
            return above
        if base := unread_base(self._names.modules, home, node):
            return f"what {base} does with what it is given is not read"
        if (other := made_otherwise(node)) is not None:
            return f"it is not read exactly, in line {other.lineno}"
        owner = Type(node.name, home.name)
        makes = [one for one in node.body if isinstance(one, ast.FunctionDef) and makes_objects(one.name)]
        own = (self._read(home, one, owner) for one in makes)
        factories = (self._factory(home, one) for one in default_factories(node))
        return next(filter(None, itertools.chain(own, factories)), "")

    def _factory(self, home: Module, node: ast.expr) -> str:
        """Why a default factory may raise."""
        if isinstance(node, ast.Lambda):
            made = ast.FunctionDef("default_factory", node.args, [ast.copy_location(ast.Return(node.body), node)], [])
            return self._read(home, ast.copy_location(made, node))
        found = reference(self._names.modules, home, node)
        if found is None:
            return (
                "" if ast.unparse(node) in EMPTY else f"{ast.unparse(node)} is not read exactly, in line {node.lineno}"
            )
        if isinstance(found.node, ast.FunctionDef):
            return self.why(found.module, found.name)
        if isinstance(found.node, ast.ClassDef):
            return self._above(found)
        return f"{ast.unparse(node)} is not read exactly, in line {node.lineno}"

    def _read(self, home: Module, node: ast.FunctionDef, owner: Type | None = None) -> str:
        try:
            body = FunctionBody(self, self._names, self._signatures, home, node, owner)
            pair = (home.name, f"{owner.name}.{node.name}" if owner is not None else node.name)
            if body.endless():
                self._endless.add(pair)
            if (size := body.size()) != 0:
                self._sizes[pair] = size
            return body.why()
        except RecursionError:
            return f"what is in line {node.lineno} is nested too deep to be read"

    def member_of(self, owner: Type, member: str) -> str:
        """Why a property or a @pure method of a message may raise; empty if it cannot, or is none. Where the type is
        not known, it may be of any class that was read."""
        if not owner.known:
            classes = (Type(name, module) for module, name in self._names.messages.read)
            return next(filter(None, (self._of_class(one, member) for one in classes)), "")
        return next(filter(None, (self._of_any(types.unveiled(one), member) for one in owner.options)), "")

    def _of_any(self, owner: Type, member: str) -> str:
        """Why it may raise in a class, or in one that derives from it."""
        if why := self._of_class(owner, member):
            return why
        below = [(*one, member) for one in self._below.of(owner)]
        hooks = [(*one, name) for one in self._below.beside(owner) for name in ATTRIBUTE_HOOKS]
        return next(filter(None, itertools.starmap(self._member, (*below, *hooks))), "")

    def _of_class(self, owner: Type, member: str) -> str:
        found = self._names.messages.code_of(owner, member)
        home = self._names.modules.find(found[0]) if found is not None else None
        if found is None:
            return self._field(owner, member)
        return "" if home is None else self._member(home, found[1], member)

    def _field(self, owner: Type, member: str) -> str:
        """Why a field may be none of its type: by its default, here, above or below."""
        key = (owner.module, f"{owner.name}.{member}")
        if key not in self._judged:
            home = self._names.modules.find(owner.module)
            node = home.bound.get(owner.name, [ast.Pass()])[-1] if home is not None else None
            above = strange(self._names.modules, home, node) if home is not None and node is not None else ""
            defaults = (one[:-1] for one in self._defaults(owner) if one[-1] == member)
            why = above or next(filter(None, itertools.starmap(self._default, defaults)), "")
            self._judged[key] = why and f"what {member} is by its default: {why}"
        return self._judged[key]

    def _defaults(self, owner: Type) -> Iterator[tuple[Module, ast.AnnAssign, ast.expr, str]]:
        """The defaults of the fields of a class, and of those above and below it."""
        for home, name in self._below.beside(owner):
            for part in getattr(home.bound[name][-1], "body", ()):
                yield from ((home, node, default, field) for field, node, default in fields_with_default(part))

    def _default(self, home: Module, part: ast.AnnAssign, default: ast.expr) -> str:
        """Why a default may be no value of the type of its field: it is read as that of a parameter."""
        taken = ast.arguments([], [ast.arg("_", part.annotation)], None, [], [], None, [default])
        return self._read(home, ast.copy_location(ast.FunctionDef("default", taken, [ast.Pass()], []), part))

    def _endless_default(self, home: Module, part: ast.AnnAssign, default: ast.expr) -> bool:
        taken = ast.arguments([], [], None, [], [], None, [])
        body: list[ast.stmt] = [ast.copy_location(ast.Return(default), part)]
        node = ast.copy_location(ast.FunctionDef("default", taken, body, []), part)
        return FunctionBody(self, self._names, self._signatures, home, node, None).endless()

    def _member(self, home: Module, owner: str, member: str) -> str:
        """Why a method of a class may raise."""
        key = (home.name, f"{owner}.{member}")
        if key not in self._judged:
            self._judged[key] = f"{key[1]} calls itself"  # as long as nothing else is known
            above = strange(self._names.modules, home, home.bound[owner][-1])
            parts = [part for one in home.bound[owner] for part in getattr(one, "body", ()) if binds(part, member)]
            why = above or next(filter(None, (self._part(home, part, Type(owner, home.name)) for part in parts)), "")
            self._judged[key] = why and f"{key[1]} may raise: {why}"
        return self._judged[key]

    def _part(self, home: Module, part: ast.stmt, owner: Type) -> str:
        if isinstance(part, ast.FunctionDef):
            return strange(self._names.modules, home, part) or self._read(home, part, owner)
        return f"it is not read exactly, in line {part.lineno}"

    def special(self, owner: Type) -> str:
        """Why what Python calls of a value, or of what is in it, may raise: `__eq__`, `__str__` and the like."""
        asked: set[Type] = set()  # with a class above them that is declared; so is what is below them

        def parts(one: Type) -> list[Type]:
            message = self._names.messages.find(one)
            if message is None:
                return list(one.arguments)
            below = [] if one in asked else [Type(name, home.name) for home, name in self._below.of(one)]
            asked.update(below)
            return [*one.arguments, *(type for _, type in message.fields), *below]

        return next(filter(None, (self._special(one) for one in types.reached(owner, parts) if one not in asked)), "")

    def _special(self, owner: Type) -> str:
        """The same of one class, those that it derives from and those that derive from it."""
        home = self._names.modules.find(owner.module)
        if home is None or self._names.messages.find(owner) is None:
            return ""
        own = [one.name for one in getattr(home.bound[owner.name][-1], "body", ()) if is_special(one)]
        others = [(one, name) for one in self._below.beside(owner) for name in specials(*one)]
        members = [*((home, owner.name, name) for name in own), *((*one, name) for one, name in others)]
        return next(filter(None, itertools.starmap(self._member, members)), "")

    def endless(self, module: str, name: str) -> bool:
        """Whether what a function gives may be no finite number, or hold one."""
        self.why(module, name)
        home = self._names.modules.find(module)
        node = home.bound[name][-1] if home is not None and name in home.bound else None
        if isinstance(node, ast.ClassDef):
            return any(self._endless_default(*one[:-1]) for one in self._defaults(Type(name, module)))
        return (module, name) in self._endless

    def endless_member(self, owner: Type, member: str) -> bool:
        """The same of a property or a @pure method. Where several classes have it, any of them counts."""
        self.member_of(owner, member)
        if any(self._endless_default(*one[:-1]) for one in self._defaults(owner) if one[-1] == member):
            return True
        return any(name.partition(".")[2] == member for _, name in self._endless)

    def size(self, module: str, name: str) -> int | None:
        """How large the numbers are that a function gives; zero if they are no larger than what it may be given."""
        self.why(module, name)
        return self._sizes.get((module, name), 0)

    def size_member(self, owner: Type, member: str) -> int | None:
        """The same of a property or a @pure method. Where several classes have it, any of them counts."""
        self.member_of(owner, member)
        found = [size for (_, name), size in self._sizes.items() if name.partition(".")[2] == member]
        return None if None in found else max((one for one in found if one is not None), default=0)

    def has(self, owner: Type, member: str) -> bool:
        """Whether it is a member of a class that was read."""
        return any(self._names.messages.code_of(types.unveiled(one), member) is not None for one in owner.options)
