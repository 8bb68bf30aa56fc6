"""The sets that a call in a choreography is given, where its order may show in what the call gives."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping

from accompanist.language.checks.sets.alike import distinct
from accompanist.language.checks.sets.classes import Classes
from accompanist.language.checks.sets.mixed import alike
from accompanist.language.checks.sets.parameters import field, parameter, takes
from accompanist.language.reading import held_sets, library
from accompanist.language.reading.gives import part_of
from accompanist.language.reading.modules import Modules
from accompanist.language.types import BOOL, INT, UNKNOWN, Type

OF_ALL = frozenset({"any", "all", "set", "frozenset"})
_ASKS = OF_ALL | {"len", "bool", "isinstance"}
SORTS = frozenset({"sorted", "min", "max"})
_KEEPS = _ASKS | SORTS | {"list", "tuple", "enumerate", "zip", "reversed"}
"""Builtins that keep what they are given, or ask something of it; those that go through a set are told apart."""

_WHATEVER = frozenset({"len", "set", "frozenset", "startswith", "endswith"})
"""What may be given a list or a tuple that is made of a set where it stands."""

Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
SEVERAL = "…"
"""What stands for errors that are not told from one another."""
_EACH = "…each"
Raised = Callable[[bool], frozenset[str]]
Places = Iterator[tuple[ast.expr, Type]]


class ComprehensionUses:
    """Looks at the calls of one choreography."""

    def __init__(self, modules: Modules, classes: Classes) -> None:
        self._modules, self._classes = modules, classes
        self.quiet: dict[int, str] = {}  # comprehensions of whose parts a call asks something, in whatever order
        self.through_set: dict[int, dict[int, tuple[ast.expr, Type]]] = {}  # those of them that go through a set

    def ask(self, alias: str, node: ast.Call) -> None:
        """Note that a builtin asks something of all that a comprehension gives."""
        if alias in OF_ALL | SORTS | {"sum"} and len(node.args) == 1:
            lazy = [part for part in node.args if isinstance(part, ast.GeneratorExp | ast.ListComp)]
            self.quiet |= dict.fromkeys(map(id, lazy), alias)
        if alias in _WHATEVER and len(node.args) == 1:
            self.quiet |= {id(part): alias for part in node.args if _listed(part)}
        if alias == "len":
            self.quiet |= {id(part): alias for part in node.args if isinstance(part, ast.SetComp)}

    def compared(self, node: ast.expr) -> None:
        """Note that of a set only its parts are compared with others: which of equal ones it has does not matter."""
        if isinstance(node, ast.SetComp):
            self.quiet.setdefault(id(node), "len")

    def varying(
        self,
        node: ast.ListComp | ast.SetComp | ast.GeneratorExp,
        found: Type,
        of: Callable[[ast.expr], Type],
        raised: Raised,
        attempted: bool,
    ) -> Places:
        """The sets that a comprehension goes through, where the order says which of equal parts is the first, which
        error is the first, or whether one is come to. `of`: the types of its parts. `raised`: which errors there may
        be, of its parts and of asking them whether they are true. `attempted`: the name of the error is kept."""
        asked = self.quiet.get(id(node), "")
        stops = asked in ("any", "all") and isinstance(node, ast.GeneratorExp)
        if asked in {*SORTS, "set", "frozenset"} and not (distinct(node) or alike(self._classes, found, node.elt, of)):
            yield from self.through_set[id(node)].values()
        elif not (stops or attempted):
            return
        elif raised(True) if stops else several(raised(False)):
            yield from self.through_set[id(node)].values()

    def to(self, pair: tuple[str, str], node: ast.Call, positional: list[Type], named: Mapping[str, Type]) -> Places:
        """The sets that something with a name is given and may show."""
        if pair in library.FUNCTIONS:
            given = zip(node.args, positional, strict=False)
            yield from ((part, found) for part, found in given if held_sets.is_set(found))
        elif pair == ("dataclasses", "replace"):
            for keyword in node.keywords:
                said = self._classes.member(positional[0], keyword.arg or "") if positional else UNKNOWN
                if not takes(self._classes, said, found := named.get(keyword.arg or "", UNKNOWN)):
                    yield keyword.value, found
        else:
            yield from self._undeclared(pair, node, [*positional, *named.values()])

    def _undeclared(self, pair: tuple[str, str], node: ast.Call, found: list[Type]) -> Places:
        """The sets that a @pure function or a class is given for what it does not call a set. What a function does with
        a set is looked at in its text, where it says that it has one."""
        home = self._modules.find(pair[0])
        one = home.bound.get(pair[1], [None])[-1] if home is not None else None
        values = [*((place, "", part) for place, part in enumerate(node.args))]
        values += [(0, keyword.arg or "", keyword.value) for keyword in node.keywords]
        for (place, word, value), type in zip(values, found, strict=False):
            said = None
            if self._classes.holds(type) and isinstance(one, ast.ClassDef):
                said = field(self._classes, Type(pair[1], pair[0]), place, word)
            elif self._classes.holds(type) and home is not None and isinstance(one, ast.FunctionDef):
                said = parameter(self._modules, home, one, place, word)
            if said is not None and said.generic:
                continue  # what its variables stand for is known where it is used
            if not takes(self._classes, said or UNKNOWN, type):
                yield value, type

    def by_builtin(self, name: str, node: ast.Call, positional: list[Type], named: Mapping[str, Type]) -> Places:
        """The sets whose order a builtin may show in what it gives."""
        one = len(positional) == 1
        for part, found in zip(node.args, positional, strict=False):
            inner = part_of(found)
            opaque = self._classes.opaque(found)
            loose = held_sets.is_set(found) or opaque or id(part) in self.through_set
            if name == "sum":
                known = inner in (INT, BOOL) or not (loose or self._classes.holds(inner))
            elif name in SORTS and one and loose:
                ordered = not self._classes.holds(inner) and held_sets.ordered(self._classes.messages, inner)
                known = ordered and not opaque and "key" not in named
            else:
                known = name in _ASKS | SORTS or (name in _KEEPS and (not loose or id(node) in self.quiet))
            if not known and (loose or self._classes.holds(found)):
                yield part, found
        for keyword in node.keywords:
            type = named.get(keyword.arg or "", UNKNOWN)
            if self._classes.holds(type) and not (name in SORTS and keyword.arg in ("default", "key")):
                yield keyword.value, type


def each_of(node: ast.expr) -> ast.GeneratorExp:
    """A comprehension of the parts of something, as `any` and `all` ask them."""
    taken, given = ast.Name(_EACH, ast.Store()), ast.Name(_EACH, ast.Load())
    generator = ast.comprehension(ast.copy_location(taken, node), node, [], 0)
    return ast.copy_location(ast.GeneratorExp(ast.copy_location(given, node), [generator]), node)


def several(raised: frozenset[str]) -> bool:
    """Whether errors of different kinds may be raised."""
    return len(raised) > 1 or SEVERAL in raised


def _listed(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("list", "tuple")
