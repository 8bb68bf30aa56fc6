"""What a class of the project is made with: a dataclass, a NamedTuple or a msgspec Struct, by its fields.

Read is only what certainly says it. A class is left, and None is the answer, if anything else may have a hand in it:
an `__init__` or `__new__` that is written, a decorator or a metaclass that is not known, a base outside of the project,
fields of two bases, fields in an `if`, a default that may be made by another function's `field(…)`.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from inspect import Parameter, Signature

from accompanist.language.reading import annotation
from accompanist.language.reading.above import strange, unread_base
from accompanist.language.reading.below import made_otherwise, makes_objects
from accompanist.language.reading.modules import Module, Modules
from accompanist.language.reading.shadowed import bound_by, rebound
from accompanist.language.types import PORTABLE

DATACLASS, STRUCT, NAMED_TUPLE = "dataclass", "Struct", "NamedTuple"
_ROOTS = {("msgspec", "Struct"): STRUCT, ("typing", "NamedTuple"): NAMED_TUPLE}
_MIXED_IN = frozenset({("typing", "Generic"), ("abc", "ABC")})
_FIELD = {DATACLASS: ("dataclasses", "field"), STRUCT: ("msgspec", "field")}
_SPECIAL = ("ClassVar", "InitVar", "KW_ONLY")
_PLAIN = (ast.AnnAssign, ast.Assign, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Pass, ast.Expr)
_HOPS = 20


@dataclass(frozen=True, slots=True)
class Given:
    """One field. `set_by_init`: whether a call gives it; `named`: by its name only; `only_given`: it is an InitVar."""

    default: bool
    named: bool = False
    set_by_init: bool = True
    only_given: bool = False


@dataclass(frozen=True, slots=True)
class Constructor:
    """How a class is made, and the names that it and its bases bind beside fields."""

    kind: str
    fields: dict[str, Given]
    bound: frozenset[str]
    frozen: bool

    @property
    def signature(self) -> Signature | None:
        """What a call takes; None if Python would refuse the class."""
        taken = [(name, one) for name, one in self.fields.items() if one.set_by_init]
        first = [_parameter(name, one) for name, one in taken if not one.named]
        try:
            return Signature([*first, *(_parameter(name, one) for name, one in taken if one.named)])
        except ValueError:
            return None

    @property
    def unset(self) -> list[str]:
        """Fields that an object does not have after it was made, and that nobody can give it."""
        if not self.frozen or "__post_init__" in self.bound:
            return []
        fields = self.fields.items()
        return [name for name, one in fields if not (one.default or one.set_by_init or name in self.bound)]


def _parameter(name: str, one: Given) -> Parameter:
    kind = Parameter.KEYWORD_ONLY if one.named else Parameter.POSITIONAL_OR_KEYWORD
    return Parameter(name, kind, default=... if one.default else Parameter.empty)


def constructor(modules: Modules, home: Module, node: ast.ClassDef, hops: int = _HOPS) -> Constructor | None:
    """How a class is made; None if that is not certain."""
    if not hops or _strange(modules, home, node):
        return None
    above: list[Constructor] = []
    roots: list[str] = []
    for base in node.bases:
        found = annotation.reference(modules, home, base.value if isinstance(base, ast.Subscript) else base)
        if found is None:
            continue  # `object`, or an exception
        pair, there = (found.module, found.name), modules.find(found.module)
        if isinstance(found.node, ast.ClassDef) and there is not None:
            one = constructor(modules, there, found.node, hops - 1)
            if one is None:
                return None
            above.append(one)
        elif pair in _ROOTS:
            roots.append(_ROOTS[pair])
        elif pair not in _MIXED_IN:
            return None
    return _FieldReader(modules, home, node).read(above, roots)


def _strange(modules: Modules, home: Module, node: ast.ClassDef) -> bool:
    if len(home.bound.get(node.name, ())) != 1 or node.name in rebound(home):
        return True
    if strange(modules, home, node) or unread_base(modules, home, node) or made_otherwise(node) is not None:
        return True
    methods = (one.name for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    makes = any(makes_objects(name) and name != "__post_init__" for name in methods)
    return makes or not all(isinstance(part, _PLAIN) for part in node.body)


class _FieldReader:
    def __init__(self, modules: Modules, home: Module, node: ast.ClassDef) -> None:
        self._modules, self._home, self._node = modules, home, node

    def read(self, above: list[Constructor], roots: list[str]) -> Constructor | None:
        parents = [one for one in above if one.kind]
        said = self._decorated()
        if said is None or len(parents) + len(roots) > 1:
            return None
        parent = parents[0] if parents else Constructor("", {}, frozenset(), frozen=False)
        bound = frozenset(self._names()).union(*(one.bound for one in above))
        kind = DATACLASS if said else roots[0] if roots else parent.kind
        if said and parent.kind not in ("", DATACLASS):
            return None
        if not said and (kind in ("", DATACLASS) or (kind == NAMED_TUPLE and not roots)):
            values = [one for one in self._node.body if isinstance(one, ast.AnnAssign) and one.value is not None]
            own_values = {one.target.id for one in values if isinstance(one.target, ast.Name)}
            return Constructor(kind, parent.fields, bound | own_values, parent.frozen)  # none of its own is a field
        options = self._options(said)
        if options is None or options.get("init") is False:
            return None
        own = self._own(kind, options.get("kw_only", False))
        inherited = frozenset().union(*(one.bound for one in above))
        if own is None or parent.fields.keys() & self._names():
            return None
        if any(self._twice(kind, name, one, parent, inherited) for name, one in own.items()):
            return None
        return Constructor(kind, parent.fields | own, bound, options.get("frozen", False))

    def _decorated(self) -> list[ast.expr] | None:
        """The decorators that make a dataclass; None for two of them."""
        found = []
        for one in self._node.decorator_list:
            named = annotation.reference(self._modules, self._home, one.func if isinstance(one, ast.Call) else one)
            if named is not None and (named.module, named.name) == ("dataclasses", "dataclass"):
                found.append(one)
        return found if len(found) < 2 else None

    def _options(self, said: list[ast.expr]) -> dict[str, bool] | None:
        """What is said of the whole class; None where it is not written out."""
        call = said[0] if said else None
        keywords = call.keywords if isinstance(call, ast.Call) else [] if said else self._node.keywords
        made: dict[str, bool] = {}
        for one in keywords:
            if one.arg in ("init", "kw_only", "frozen", None):
                if one.arg is None or not isinstance(one.value, ast.Constant) or not isinstance(one.value.value, bool):
                    return None
                made[one.arg] = one.value.value
        return made

    def _names(self) -> set[str]:
        """What the class binds beside fields."""
        made: set[str] = set()
        for part in self._node.body:
            match part:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Assign():
                    made |= bound_by(part)
                case ast.AnnAssign(target=ast.Name(id=name)) if self._special(part.annotation) == "ClassVar":
                    made.add(name)
        return made

    def _twice(self, kind: str, name: str, one: Given, parent: Constructor, inherited: frozenset[str]) -> bool:
        """Whether a name has another meaning, here or above, that may be its default, or say where it stands."""
        again = name in parent.fields and not (one.default and kind == DATACLASS)
        return again or name in self._names() or name in inherited

    def _own(self, kind: str, named: bool) -> dict[str, Given] | None:
        made: dict[str, Given] = {}
        for part in self._node.body:
            if not isinstance(part, ast.AnnAssign) or not isinstance(part.target, ast.Name):
                continue
            name, special = part.target.id, self._special(part.annotation)
            if special is None or name in made or (special and kind == NAMED_TUPLE):
                return None
            if special == "KW_ONLY":
                named = True
            elif special != "ClassVar":
                one = self._field(kind, part.value, named)
                if one is None or (special == "InitVar" and not one.set_by_init):
                    return None
                made[name] = Given(one.default, one.named, one.set_by_init, special == "InitVar")
        return made

    def _field(self, kind: str, value: ast.expr | None, named: bool) -> Given | None:
        if not isinstance(value, ast.Call):
            known = value is None or not self._may_be_field(value)
            return Given(value is not None, named) if known else None
        found = annotation.reference(self._modules, self._home, value.func)
        if found is None or (found.module, found.name) != _FIELD.get(kind):
            return None if self._may_be_field(value) else Given(True, named)
        said = {one.arg: one.value for one in value.keywords}
        if value.args or None in said:
            return None
        default = bool({"default", "default_factory"} & said.keys())
        apart = {"init": True, "kw_only": named}
        for name in apart.keys() & said.keys():
            match said[name]:
                case ast.Constant(value=bool(way)):
                    apart[name] = way
                case _:
                    return None
        return Given(default, apart["kw_only"], apart["init"])

    def _may_be_field(self, value: ast.expr, hops: int = _HOPS) -> bool:
        """Whether a default may be what a `field(…)` gives that stands elsewhere."""
        if isinstance(value, ast.Constant | ast.Tuple | ast.List | ast.Dict | ast.Set | ast.UnaryOp | ast.BinOp):
            return False
        called = value.func if isinstance(value, ast.Call) else value
        found = annotation.reference(self._modules, self._home, called)
        if found is None or not hops:
            return not (isinstance(called, ast.Name) and isinstance(value, ast.Call) and called.id in _EMPTY)
        if isinstance(value, ast.Call):
            return not isinstance(found.node, ast.ClassDef) and (found.module, found.name) not in PORTABLE
        return not isinstance(getattr(found.node, "value", None), ast.Constant)

    def _special(self, written: ast.expr) -> str | None:
        """ClassVar, InitVar or KW_ONLY, if an annotation says it; None if it may."""
        if isinstance(written, ast.Constant) and isinstance(written.value, str):
            try:
                written = ast.parse(written.value, mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return None
        head = written.value if isinstance(written, ast.Subscript) else written
        found = annotation.reference(self._modules, self._home, head)
        if found is not None and found.name in _SPECIAL and found.node is None:
            return found.name
        aliased = getattr(found.node, "value", None) if found is not None else None
        text = ast.unparse(written) + (ast.unparse(aliased) if isinstance(aliased, ast.expr) else "")
        return None if any(word in text for word in _SPECIAL) else ""


_EMPTY = frozenset({"bool", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"})
