"""The calls that go through a set and do not show its order: what they do with each part is the same in every order,
and so is what they make of all of them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language.checks.order.work import Work
from accompanist.language.checks.sets.alike import distinct
from accompanist.language.checks.sets.given import Comprehension
from accompanist.language.checks.sets.mixed import alike
from accompanist.language.checks.sets.shapes import Shapes
from accompanist.language.checks.sets.tells import shows_error
from accompanist.language.reading.held_sets import is_set, ordered
from accompanist.language.reading.library import FUNCTIONS
from accompanist.language.reading.methods import CHANGING
from accompanist.language.text.nodes import every_node
from accompanist.language.types import BOOL, INT, PORTABLE, Type

DECIDES = frozenset({"any", "all"})
OF_ALL = DECIDES | {"set", "frozenset"}
SORTS = frozenset({"sorted", "min", "max"})


class Hiding:
    """Looks at the calls in one function."""

    def __init__(self, shapes: Shapes, work: Work) -> None:
        self._shapes, self._classes = shapes, shapes.classes
        self._work = work

    def hidden(self, node: ast.Call, caught: int) -> Iterator[ast.expr]:
        """What is gone through in such a call, and its order does not show in what the call gives. `caught`: what is
        done with an error, see `set_total`."""
        name, args = self._shapes.builtin(node.func), node.args
        adds = isinstance(node.func, ast.Attribute) and is_set(self._shapes.of(node.func.value))
        begins = isinstance(node.func, ast.Attribute) and node.func.attr in ("startswith", "endswith")
        if not (adds or begins) and (len(args) != 1 or name not in OF_ALL | SORTS | {"sum", "len"}):
            return
        for one in args:
            stops = adds or name in DECIDES
            comprehends = isinstance(one, ast.GeneratorExp | ast.ListComp) and self.same_work(one, caught, stops)
            listed = isinstance(one, ast.Call) and self._shapes.builtin(one.func) in ("list", "tuple")
            mapped = isinstance(one, ast.Call) and not stops and self._maps(one, caught)
            if name in DECIDES and isinstance(one, ast.ListComp) and self._through(one) and self.asks(one):
                continue
            if (comprehends or listed or mapped) and (begins or self.alike(node, name, one)):
                yield one

    def asks(self, node: ast.expr) -> bool:
        """Whether it may raise to ask a part of a set whether it is true, as `any` and `all` do."""
        return self._work.asks(node)

    def _maps(self, node: ast.Call, caught: int) -> bool:
        """Whether `map` and `filter` do the same with each part of a set, whatever the order."""
        if self._shapes.builtin(node.func) not in ("map", "filter") or len(node.args) != 2:
            return False
        match node.args[0]:
            case ast.Constant(value=None):
                return not caught
            case ast.Lambda(body=body):
                return not caught and self._changes_nothing(body)
            case function:
                return self._shapes.builtin(function) == "len" or (not caught and self._still(function))

    def same_work(self, node: Comprehension, caught: int, stops: bool = False) -> bool:
        """Whether the same is done whatever the order, and the same error is seen. `stops`: not all parts may be gone
        through, or something is left of those that came before an error."""
        if not self._changes_nothing(node):
            return False
        if not self._through(node):
            return True
        if stops and isinstance(node, ast.GeneratorExp):
            return not self._work.kinds(node, asked=True)
        return not (caught and shows_error(caught, self._work.kinds(node)))

    def _through(self, node: Comprehension) -> bool:
        return any(is_set(self._shapes.of(one.iter)) for one in node.generators)

    def _changes_nothing(self, node: ast.expr) -> bool:
        """Whether what is done with each part of a set depends on that part alone."""
        for part in every_node(node):
            if isinstance(part, ast.NamedExpr) or (isinstance(part, ast.Call) and not self._still(part.func)):
                return False
        return True

    def _still(self, function: ast.expr) -> bool:
        if isinstance(function, ast.Attribute):
            return function.attr not in CHANGING | {"popleft", "appendleft", "extendleft", "__next__", "send"}
        found = self._shapes.found(function)
        if found is not None:
            pair = (found.module, found.name)
            return found.node is not None or pair in PORTABLE or pair in FUNCTIONS
        return self._shapes.builtin(function) not in ("", "next")

    def alike(self, node: ast.Call, name: str, given: ast.expr) -> bool:
        """Whether such a call of a set gives the same whatever its order: what is sorted has one, numbers are whole."""
        inner = self._shapes.element(given)
        if name in DECIDES | {"len"}:
            return True
        if name == "sum":
            return inner in (INT, BOOL)
        if name not in SORTS:
            return self.keeps(given)
        keyed = any(word.arg == "key" for word in node.keywords)
        one_order = not self._classes.holds(inner) and ordered(self._classes.messages, inner)
        return not keyed and one_order and self.keeps(given)

    def keeps(self, node: ast.expr) -> bool:
        """Whether it does not show which of equal values comes first: there are none, or they are the same."""
        match node:
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return not self._through(node) or distinct(node) or self._same(self._shapes.of(node.elt), node.elt)
            case ast.Call(func=function) if self._shapes.builtin(function) == "map":
                return self._same(self._shapes.element(node), None)
        return True

    def _same(self, type: Type, node: ast.expr | None) -> bool:
        return alike(self._classes, type, node, self._shapes.of)
