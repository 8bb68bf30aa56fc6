"""Which classes derive from one, among the modules that are read, and what of their text Python runs by itself.

A value that is declared with a class may be of any class that derives from it. So what each of them overrides may run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language.reading.annotation import reference
from accompanist.language.reading.modules import Module, Modules
from accompanist.language.reading.shadowed import bound_by, inside
from accompanist.language.types import Type

_Pair = tuple[str, str]
_Class = tuple[Module, str]
ATTRIBUTE_HOOKS = ("__getattribute__", "__getattr__")
"""What Python calls where any attribute is asked for."""
EMPTY = frozenset({"bool", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"})
"""Default factories that give an empty value."""
ABOVE = "@"
"""In the place of a member: what stands above a class."""
_SAYS = frozenset({"__slots__", "__match_args__", "__doc__", "__annotations__"})


class Below:
    """The classes of the modules that are read, by what they derive from."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._seen = 0
        self._above: dict[_Pair, frozenset[_Pair]] = {}

    def of(self, owner: Type) -> list[_Class]:
        """The classes that derive from one, with what else these derive from."""
        key = (owner.module, owner.name)
        above = self._read()
        own = {key, *above.get(key, ())}
        derived = {one for one, bases in above.items() if key in bases}
        return self._classes({part for one in derived for part in (one, *above[one])} - own)

    def beside(self, owner: Type) -> list[_Class]:
        """The same, with the class itself and what it derives from."""
        key = (owner.module, owner.name)
        return [*self._classes({key, *self._read().get(key, ())}), *self.of(owner)]

    def _classes(self, pairs: set[_Pair]) -> list[_Class]:
        found = ((self._modules.find(module), name) for module, name in sorted(pairs))
        return [(home, name) for home, name in found if home is not None and name in home.bound]

    def _read(self) -> dict[_Pair, frozenset[_Pair]]:
        """What each class derives from, directly or not. Modules that were read meanwhile are read, too."""
        modules = self._modules.read
        if len(modules) == self._seen:
            return self._above
        direct: dict[_Pair, list[_Pair]] = {}
        for home in modules:
            for node in home.tree.body:
                if isinstance(node, ast.ClassDef) and node.bases:
                    found = (reference(self._modules, home, _plain(base)) for base in node.bases)
                    bases = [(one.module, one.name) for one in found if one is not None and one.node is not None]
                    direct[home.name, node.name] = bases
        self._above = {one: frozenset(_reached(one, direct)) for one in direct}
        self._seen = len(modules)
        return self._above


def _plain(base: ast.expr) -> ast.expr:
    """A base without what a generic class is given."""
    return base.value if isinstance(base, ast.Subscript) else base


def _reached(one: _Pair, direct: dict[_Pair, list[_Pair]]) -> list[_Pair]:
    found = list(direct[one])
    for base in found:
        found += [above for above in direct.get(base, ()) if above not in found]
    return found


def specials(home: Module, name: str) -> list[str]:
    """The members of a class that Python calls by itself, and not to make an object; and what stands above it."""
    node = home.bound[name][-1]
    if not isinstance(node, ast.ClassDef):
        return []
    bound = [one for part in node.body for statement in inside(part) for one in sorted(bound_by(statement))]
    own = [one for one in bound if _is_dunder(one) and "init" not in one and one not in _SAYS]
    return [*own, ABOVE] if node.decorator_list or node.keywords else own


def is_special(node: ast.stmt) -> bool:
    """Whether it is a method that Python calls by itself, and not to make an object."""
    name = node.name if isinstance(node, ast.FunctionDef) else ""
    return _is_dunder(name) and "init" not in name


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


def makes_objects(name: str) -> bool:
    """Whether it is a method that Python calls to make an object."""
    return name == "__new__" or (name.startswith("__") and "init" in name)


def made_otherwise(node: ast.ClassDef) -> ast.stmt | None:
    """What gives a class code that makes an object without being a function that is written there."""
    others = (part for part in node.body if not isinstance(part, ast.FunctionDef | ast.ClassDef))
    return next((part for part in others for one in inside(part) if any(map(makes_objects, bound_by(one)))), None)


def binds(node: ast.stmt, member: str) -> bool:
    """Whether a statement of a class gives a member its code. A field is no code."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name == member
        case ast.Assign(value=ast.Constant()) | ast.AnnAssign() if not _is_dunder(member):
            return False
    return any(member in bound_by(one) for one in inside(node))


def default_factories(node: ast.ClassDef) -> Iterator[ast.expr]:
    """What gives the fields of a class the values that were not given."""
    for part in node.body:
        match part:
            case ast.AnnAssign(value=ast.Call(keywords=keywords)):
                yield from (one.value for one in keywords if one.arg in ("default_factory", "factory"))


def fields_with_default(node: ast.stmt) -> Iterator[tuple[str, ast.AnnAssign, ast.expr]]:
    """The field that a statement of a class declares, with what it has that was not given, as an expression."""
    match node:
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            if (default := _default(value)) is not None:
                yield name, node, default


def _default(value: ast.expr) -> ast.expr | None:
    if not isinstance(value, ast.Call) or ast.unparse(value.func).rpartition(".")[2] != "field":
        return value
    given = {one.arg: one.value for one in value.keywords}
    factory = given.get("default_factory", given.get("factory"))
    if factory is not None:
        return factory.body if isinstance(factory, ast.Lambda) else ast.copy_location(ast.Call(factory, [], []), value)
    return given.get("default")
