"""What the classes of a project hold, as far as sets are concerned: messages, and all others, such as a NamedTuple.

Of a value whose class is not declared, a field or property is taken to be what the classes that were read say of one of
that name, where that is a set or holds one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from accompanist.language.checks.raising.partial_calls import RaisingJudge
from accompanist.language.reading.below import Below
from accompanist.language.reading.held_sets import is_set, joined, written
from accompanist.language.reading.messages import Messages, attribute, missing
from accompanist.language.reading.modules import Module, Modules
from accompanist.language.types import UNKNOWN, Type

Of = Callable[[Module, ast.expr], Type]
"""What an expression at the top level of a module may be."""


class Classes:
    """The classes of a project, each read once. `of` reads what is written in their bodies."""

    def __init__(self, modules: Modules, messages: Messages, of: Of) -> None:
        self.modules, self.messages, self._of = modules, messages, of
        self._lineages: dict[Type, list[Type]] = {}
        self._members: dict[tuple[str, str], dict[str, Type]] = {}
        self._holds: dict[Type, bool] = {}
        self._declared: dict[str, Type] = {}
        self._declared_of = 0
        self._at_top: dict[int, Type] = {}
        self.below = Below(modules)
        self.mixed: tuple[int, frozenset[Type]] = (-1, frozenset())
        """See `set_mixed`; with how many modules were read then."""
        self.judge: RaisingJudge | None = None
        """What is known of the functions that may raise, see `set_work`."""

    def at_top(self, home: Module, node: ast.expr) -> Type:
        """What an expression at the top level of a module, or in the body of a class, may be."""
        if id(node) not in self._at_top:
            self._at_top[id(node)] = UNKNOWN  # while it is looked at
            self._at_top[id(node)] = self._of(home, node)
        return self._at_top[id(node)]

    def holds(self, type: Type) -> bool:
        """Whether a value of this type is a set, or holds one."""
        if not type.module and not type.arguments:
            return is_set(type)
        if type not in self._holds:
            self._holds[type] = any(map(is_set, self._within(type, lambda one: True)))
        return self._holds[type]

    def _within(self, type: Type, looks_into: Callable[[Type], bool]) -> list[Type]:
        """A type and those of all parts that are looked into."""
        parts, seen = [type], {type}
        for one in parts:
            more = [*one.arguments, *(self._kept(one) if looks_into(one) else ())]
            parts += [part for part in dict.fromkeys(more) if part not in seen]
            seen |= {*more}
        return parts

    def parts(self, type: Type) -> list[Type]:
        """A type, and those of all that a value of it may have in it."""
        return self._within(type, lambda one: True)

    def opaque(self, type: Type) -> bool:
        """Whether it may be a value of a class of the project with a set in it."""
        return any(one.module and self.holds(one) and self.definition(one) is not None for one in type.options)

    def shows(self, type: Type) -> bool:
        """Whether a text of a value shows a set. A class that says how it is shown is looked at there."""
        return self.holds(type) and any(map(is_set, self._within(type, lambda one: not self.function(one, "__repr__"))))

    def shows_as(self, type: Type, by_repr: bool) -> bool:
        """The same of the text that `str` gives, which a class may say apart; or of the one that `repr` gives."""
        return any(self.shows(one) for one in type.options if by_repr or self.function(one, "__str__") is None)

    def derives(self, type: Type, above: Type) -> bool:
        return any((one.module, one.name) == (above.module, above.name) for one in self.lineage(type))

    def definition(self, type: Type) -> tuple[Module, ast.ClassDef] | None:
        home = self.modules.find(type.module) if type.module else None
        node = home.bound[type.name][-1] if home is not None and type.name in home.bound else None
        return (home, node) if home is not None and isinstance(node, ast.ClassDef) else None

    def enum(self, type: Type) -> bool:
        return any(one.module == "enum" for one in self.lineage(type))

    def member(self, owner: Type, name: str) -> Type:
        """What a field, a property or an attribute of a class is."""
        if self.definition(owner) is None:
            return self._anywhere(name)
        if self.enum(owner) and name in ("value", "_value_"):
            return joined(*self._values(owner))
        found = self.members(owner).get(name)
        if self.messages.find(owner) is not None and not missing(self.messages, owner, name):
            return joined(attribute(self.messages, owner, name), found or UNKNOWN)
        return self._anywhere(name) if found is None else found

    def members(self, type: Type) -> dict[str, Type]:
        """What the body of a class, and of those that it derives from, says of its attributes."""
        pair = (type.module, type.name)
        if pair not in self._members:
            self._members[pair] = {}  # while it is read
            for home, statement in reversed(list(self._body(type))):
                self._members[pair] |= self._said(home, statement)
        return self._members[pair]

    def fields(self, type: Type) -> list[str]:
        """The fields of a class in their order, those of what it derives from first."""
        message = self.messages.find(type)
        if message is not None:
            return [name for name, _ in message.fields]
        targets = [one.target for _, one in self._body(type) if isinstance(one, ast.AnnAssign)]
        return [target.id for target in targets if isinstance(target, ast.Name)]

    def defaults(self, type: Type) -> list[ast.expr]:
        """What stands right of the fields of a class."""
        fields = (one for _, one in self._body(type) if isinstance(one, ast.AnnAssign))
        return [one.value for one in fields if one.value is not None]

    def function(self, type: Type, name: str) -> tuple[Module, ast.FunctionDef] | None:
        """A method of a class, or of one that it derives from."""
        found = (one for one in self._body(type) if isinstance(one[1], ast.FunctionDef) and one[1].name == name)
        return next(((home, one) for home, one in found if isinstance(one, ast.FunctionDef)), None)

    def _body(self, type: Type) -> Iterator[tuple[Module, ast.stmt]]:
        """The statements of a class, then those of the classes that it derives from."""
        for one in self.lineage(type):
            definition = self.definition(one)
            if definition is not None:
                yield from ((definition[0], statement) for statement in definition[1].body)

    def lineage(self, type: Type) -> list[Type]:
        """A class, and all that it derives from."""
        if type not in self._lineages:
            found = self._lineages[type] = [type]
            for one in found:
                definition = self.definition(one)
                for base in definition[1].bases if definition is not None else ():
                    above = written(self.modules, definition[0], base) if definition is not None else UNKNOWN
                    found += () if above in found else (above,)
        return self._lineages[type]

    def _kept(self, type: Type) -> list[Type]:
        """What every value of a class has in it, and what it is: its fields, the values of an enum, what it derives
        from."""
        if not type.module:
            return []
        message = self.messages.find(type) if type.arguments else None  # its variables are filled in there
        kept = [] if message is None else [one for _, one in message.fields]
        for home, statement in self._body(type):
            match statement:
                case ast.AnnAssign(annotation=said) if "ClassVar" not in ast.unparse(said):
                    kept.append(written(self.modules, home, said))
                case ast.Assign(value=value) if self.enum(type):
                    kept.append(self.at_top(home, value))
        return [*kept, *self.lineage(type)[1:]]

    def _values(self, type: Type) -> list[Type]:
        """What the values of an enum may be."""
        body = ((home, one.value) for home, one in self._body(type) if isinstance(one, ast.Assign))
        return [self.at_top(home, value) for home, value in body]

    def _said(self, home: Module, statement: ast.stmt) -> dict[str, Type]:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=said, value=value):
                for_all = value is not None and ("ClassVar" in ast.unparse(said) or "Final" in ast.unparse(said))
                given = self.at_top(home, value) if value is not None and for_all else UNKNOWN
                return {name: joined(written(self.modules, home, said), given)}
            case ast.Assign(targets=targets, value=value):
                return {one.id: self.at_top(home, value) for one in targets if isinstance(one, ast.Name)}
            case ast.FunctionDef(name=name, returns=gives):  # of a property; of a method, what a call gives
                return {name: written(self.modules, home, gives)}
        return {}

    def _anywhere(self, name: str) -> Type:
        """What an attribute of that name is in any class that was read, where it holds a set."""
        opened = self.modules.opened
        if self._declared_of != len(opened):
            self._declared, self._declared_of = {}, len(opened)
            for home in opened:
                for statement in home.tree.body:
                    if isinstance(statement, ast.ClassDef):
                        self._note(Type(statement.name, home.name))
        return self._declared.get(name, UNKNOWN)

    def _note(self, type: Type) -> None:
        values = {"value": joined(*self._values(type))} if self.enum(type) else {}
        for name, found in (self.members(type) | values).items():
            if self.holds(found):
                self._declared[name] = joined(self._declared.get(name, UNKNOWN), found)
