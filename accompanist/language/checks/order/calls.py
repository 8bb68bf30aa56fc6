"""The calls that may be given a set: those that are known not to go through it in its order, and functions and classes
of the project that say of their parameter that it is one.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language.checks.order.hiding import DECIDES, OF_ALL, SORTS, Hiding
from accompanist.language.checks.order.work import Work
from accompanist.language.checks.sets.names import PUTS_IN, NameShapes
from accompanist.language.checks.sets.parameters import field, parameter, takes
from accompanist.language.checks.sets.shapes import GIVES_SET, REDUCES, Shapes
from accompanist.language.reading import annotation
from accompanist.language.reading.held_sets import LOST, element, is_set, ordered, written
from accompanist.language.reading.modules import Module
from accompanist.language.types import STR, Type

_ASKS = frozenset({"len", "bool", "isinstance"})
_IN_ORDER = frozenset({"list", "tuple", "iter", "reversed", "enumerate", "zip", "map", "filter", "next", "dict"})
_WRITES = frozenset({"str", "repr", "ascii", "format"})
BY_STR = frozenset({"str", "format"})
_OF_SETS = (
    GIVES_SET
    | {f"{name}_update" for name in ("intersection", "difference", "symmetric_difference")}
    | (
        {
            "update",
            "isdisjoint",
            "issubset",
            "issuperset",
            "add",
            "discard",
            "remove",
            "clear",
            "__contains__",
            "__len__",
        }
    )
)
_ASKS_PARTS = frozenset({"index", "count", "remove", "__contains__", "get", "pop", "setdefault"})
_OF_CONTAINERS = (
    _ASKS_PARTS
    | PUTS_IN
    | {"keys", "values", "items", "popitem", "popleft", "copy", "clear", "reverse"}
    | ({"extend", "extendleft", "update", "sort", "rotate", "__len__", "__getitem__"})
)
_INTO = PUTS_IN | {"setdefault", "extend", "extendleft", "update"}
_FIELDS = frozenset({("dataclasses", "field"), ("msgspec", "field"), ("pydantic", "Field")})
_COLLECTIONS = frozenset(("collections", name) for name in ("deque", "defaultdict", "Counter"))
_COPIES = frozenset({("copy", "copy"), ("copy", "deepcopy"), ("typing", "cast"), ("functools", "reduce")}) | (
    _FIELDS | {*_COLLECTIONS, ("dataclasses", "replace")}
)


class CallsShowingOrder:
    """The calls in one function."""

    def __init__(self, shapes: Shapes, names: NameShapes, work: Work) -> None:
        self._shapes, self._names = shapes, names
        self._classes = shapes.classes
        self.rooted = names.rooted
        self.hiding = Hiding(shapes, work)

    def refused(self, node: ast.Call, quiet: bool) -> Iterator[ast.expr]:
        """The sets in what a call is given that it may show. `quiet`: what comes of it shows no order."""
        if isinstance(node.func, ast.Attribute) and not self._method_known(node.func):
            yield node if self._shapes.builtin(node.func.value) else node.func.value
            return
        words = [word.value for word in node.keywords]
        for one in [*node.args, *words]:
            given = one.value if isinstance(one, ast.Starred) else one
            if self._shapes.holds(given) and not self._known(node, one, quiet):
                name = self._shapes.builtin(node.func)
                yield from self.written(given, name not in BY_STR) if name in _WRITES else (given,)

    def written(self, node: ast.expr, by_repr: bool) -> Iterator[ast.expr]:
        """The sets in what is written as a text. `by_repr`: as `repr` gives it."""
        if isinstance(node, ast.Tuple | ast.List):
            for part in node.elts:
                yield from self.written(part, True)
        elif self._classes.shows_as(self._shapes.of(node), by_repr):
            yield node

    def _method_known(self, function: ast.Attribute) -> bool:
        """Whether a method of something with a set in it is one that shows no order."""
        owner, name = function.value, function.attr
        if self._shapes.builtin(owner) in ("set", "frozenset"):
            return name in GIVES_SET | {"isdisjoint", "issubset", "issuperset"}
        if self._shapes.class_of(owner) is not None or not self._shapes.holds(owner):
            return True
        return all(self._has(part, name) for part in self._shapes.of(owner).options if self._classes.holds(part))

    def _has(self, owner: Type, name: str) -> bool:
        if self._classes.definition(owner) is not None:
            return self._classes.function(owner, name) is not None
        return owner != LOST and name in (_OF_SETS if is_set(owner) else _OF_CONTAINERS)

    def _known(self, node: ast.Call, one: ast.expr, quiet: bool) -> bool:
        """Whether a call may be given something with a set in it. `one` is an argument as it is written."""
        function, type = node.func, self._shapes.of(one)
        spread = isinstance(one, ast.Starred)
        by_name = next((word for word in node.keywords if word.value is one), None)
        if by_name is not None and by_name.arg is None:
            return False
        if isinstance(one, ast.Starred) and self._loose(self._shapes.of(one.value)):
            return False
        if isinstance(function, ast.Attribute) and (known := self._by_method(node, function, one, type)) is not None:
            return known
        if spread:
            return False
        if name := self._shapes.builtin(function):
            return self._by_builtin(node, name, one, type, quiet)
        if self._names.function(function) is not None:
            return True
        if (library := self._shapes.library(function)) is not None:
            return self._by_library(node, library, one, type)
        said = self._said(node, one, (by_name.arg or "") if by_name is not None else "")
        return said is not None and takes(self._classes, said, type)

    def _by_method(self, node: ast.Call, function: ast.Attribute, one: ast.expr, type: Type) -> bool | None:
        """The same, of a method; None if it is no method of a value."""
        owner, name = function.value, function.attr
        if self._shapes.builtin(owner) in ("set", "frozenset"):
            return True
        if self._shapes.builtin(owner) == "dict" and name == "fromkeys":
            return one is not node.args[0] or not self._loose(type)
        if self._shapes.builtin(owner) == "object" and name == "__setattr__" and len(node.args) == 3:
            field = node.args[1].value if isinstance(node.args[1], ast.Constant) else None
            whole = self._shapes.attribute(self._shapes.of(node.args[0]), str(field))
            return one is node.args[0] or takes(self._classes, whole, type)
        options = self._shapes.of(owner).options
        if any(self._classes.definition(part) is not None for part in options) or self._shapes.found(function):
            return None
        if self._shapes.class_of(owner) is not None:
            return None
        if name == "format" and options == (STR,):
            return not self._classes.shows_as(type, by_repr(owner, "!"))
        if all(map(is_set, options)):
            return name in _OF_SETS and self.rooted_or_new(owner, name)
        if name == "sort":
            return self._by_key(node, owner)
        goes = name in ("extend", "extendleft", "update") and self._loose(type)
        starred = isinstance(one, ast.Starred)
        return name in _ASKS_PARTS | _INTO and not goes and not starred and self.rooted_or_new(owner, name)

    def rooted_or_new(self, owner: ast.expr, name: str) -> bool:
        """Whether what a method puts into its object is known from then on."""
        return name not in _INTO or self.rooted(owner) or isinstance(owner, ast.Call | ast.Set | ast.Dict | ast.List)

    def _loose(self, type: Type) -> bool:
        """Whether going through it has no order, or it is not known what that gives."""
        return is_set(type) or self._classes.opaque(type)

    def _by_builtin(self, node: ast.Call, name: str, one: ast.expr, type: Type, quiet: bool) -> bool:
        first = bool(node.args) and one is node.args[0]
        if name in _ASKS:
            return True
        if name in OF_ALL:
            asks = name in DECIDES and not quiet and is_set(type) and self.hiding.asks(one)
            return not (self._classes.opaque(type) or asks)
        if name in SORTS or name == "sum":
            if self._loose(type) and first and len(node.args) == 1:
                return is_set(type) and not self._classes.opaque(type) and self.hiding.alike(node, name, one)
            return not first or len(node.args) > 1 or self._by_key(node, one)
        if name in _WRITES:
            return not self._classes.shows_as(type, name not in BY_STR)
        by_name = not any(one is each for each in node.args)
        if name in ("map", "filter") and not self._called_with_parts(node):
            return False
        if name == "next" and not first:
            return True
        return name in _IN_ORDER and (name == "dict" if by_name else quiet or not self._loose(type))

    def _by_key(self, node: ast.Call, whole: ast.expr) -> bool:
        """Whether the key function of a call may be given the parts of what is sorted."""
        keys = [word.value for word in node.keywords if word.arg == "key"]
        return all(self._may_take(key, [self._shapes.element(whole)]) for key in keys)

    def _called_with_parts(self, node: ast.Call) -> bool:
        parts = [self._shapes.element(one) for one in node.args[1:]]
        return self._may_take(node.args[0], parts)

    def _may_take(self, function: ast.expr, given: list[Type]) -> bool:
        """Whether a function that is given to another one may be called with such values."""
        if not any(map(self._classes.holds, given)) or self._names.function(function) is not None:
            return True
        name = self._shapes.builtin(function)
        if name in ("sorted", "min", "max"):
            inner = [element(one) for one in given]
            return not any(map(self._classes.opaque, given)) and all(
                not self._classes.holds(one) and ordered(self._classes.messages, one) for one in inner
            )
        if name in _ASKS | OF_ALL:
            return not any(map(self._classes.opaque, given))
        if name in _WRITES:
            return not any(self._classes.shows_as(one, name not in BY_STR) for one in given)
        if isinstance(function, ast.Constant) and function.value is None:
            return True
        found = self._shapes.found(function)
        home = self._shapes.home_of(found) if found is not None else None
        if home is None or found is None or not isinstance(found.node, ast.FunctionDef):
            return False
        said = [self._annotated(home, one) for one in (*found.node.args.posonlyargs, *found.node.args.args)]
        return len(given) <= len(said) and all(
            takes(self._classes, one, type) for one, type in zip(said, given, strict=False)
        )

    def _by_library(self, node: ast.Call, name: tuple[str, str], one: ast.expr, type: Type) -> bool:
        if name not in _COPIES or (name in _COLLECTIONS and self._loose(type)):
            return False
        if name == ("functools", "reduce"):
            return len(node.args) > 1 and not self._loose(self._shapes.of(node.args[1])) and self._reduces(node.args[0])
        if name == ("dataclasses", "replace") and node.args and one is not node.args[0]:
            word = next((word.arg for word in node.keywords if word.value is one), None)
            owner = self._shapes.of(node.args[0])
            said = self._shapes.attribute(owner, word or "")
            return self._classes.definition(owner) is not None and takes(self._classes, said, type)
        return True

    def _reduces(self, function: ast.expr) -> bool:
        by_set = isinstance(function, ast.Attribute) and self._shapes.builtin(function.value) in ("set", "frozenset")
        if by_set and isinstance(function, ast.Attribute):
            return function.attr in GIVES_SET
        return self._shapes.library(function) in REDUCES or isinstance(function, ast.Lambda)

    def _said(self, node: ast.Call, one: ast.expr, word: str) -> Type | None:
        """What a function or class of the project says of the parameter that gets an argument."""
        place = next((number for number, each in enumerate(node.args) if each is one), 0)
        if any(isinstance(each, ast.Starred) for each in node.args[:place]):
            return None
        if (made := self._shapes.class_of(node.func)) is not None:
            return field(self._classes, made, place, word)
        found = self._shapes.found(node.func)
        if found is not None and (home := self._shapes.home_of(found)) is not None:
            renamed = self._shapes.renamed(found)
            if renamed is not None:
                return written(self._shapes.modules, home, renamed)
            return (
                parameter(self._shapes.modules, home, found.node, place, word)
                if isinstance(found.node, ast.FunctionDef)
                else None
            )
        return self._of_method(node.func, place, word) if isinstance(node.func, ast.Attribute) else None

    def _of_method(self, function: ast.Attribute, place: int, word: str) -> Type | None:
        owner = self._shapes.class_of(function.value)
        kinds = [owner] if owner is not None else list(self._shapes.of(function.value).options)
        found = [self._classes.function(kind, function.attr) for kind in kinds]
        if len(found) != 1 or found[0] is None:
            return None
        words = [annotation.dotted(above) for above in found[0][1].decorator_list]
        bound = "staticmethod" not in words and (owner is None or "classmethod" in words)
        return parameter(self._shapes.modules, *found[0], place + bound, word)

    def _annotated(self, home: Module, parameter: ast.arg) -> Type:
        return written(self._shapes.modules, home, parameter.annotation)


def by_repr(form: ast.expr, *signs: str) -> bool:
    """Whether a format may ask for the text that `repr` gives: it has one of these signs, or is not written out."""
    text = form.value if isinstance(form, ast.Constant) else None
    return not isinstance(text, str) or any(one in text for one in signs)
