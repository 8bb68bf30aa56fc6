"""What is done with the parts of a set, and may raise.

`any` and `all` stop at the first part that decides, so whether they come to the part that raises depends on the order.
And where several parts raise, the order says which error is the first. Whether something raises is judged as it is
behind the commit point, see `partial` and `body_forms`: what is not read exactly may raise.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from accompanist import limits
from accompanist.language.checks.functions.body_calls import Read
from accompanist.language.checks.functions.body_caught import Caught
from accompanist.language.checks.functions.body_types import Exact
from accompanist.language.checks.functions.judged import Judged
from accompanist.language.checks.order.overflow import overflows
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.library_calls import knowing
from accompanist.language.checks.raising.partial import Partial, Partials
from accompanist.language.checks.raising.partial_calls import PartialCalls, Signatures
from accompanist.language.checks.sets.given import SEVERAL, Comprehension
from accompanist.language.reading.kinds import Env
from accompanist.language.reading.names import Names
from accompanist.language.text.nodes import every_node
from accompanist.language.types import FLOAT, INT

Kinds = frozenset[str]
"""The names of the errors that may be raised, or SEVERAL; empty if there is none."""
NONE: Kinds = frozenset()
UNKNOWN: Kinds = frozenset({SEVERAL})
_FLOAT_LARGEST = 2**1000
"""A whole number that is no larger is a float for certain."""


class Total:
    """Judges comprehensions by the types of the names around them, and by what conditions have said of them."""

    def __init__(self, names: Names, forms: Read, partials: Partials, errors: Caught) -> None:
        self._names, self._forms, self._partials, self._errors = names, forms, partials, errors

    def kinds(self, node: Comprehension, env: Env, facts: Facts, asked: bool) -> Kinds:
        """What may be raised while the parts of what a comprehension goes through come to it. `asked`: each of what it
        makes is asked whether it is true."""
        whole = {**env, _WHOLE: self._forms.exact.type_of(node.generators[0].iter, env)}
        node = _of_parts(node, asked)
        unread, parts = self._forms.of(node, whole, facts), self._partials.some(node, whole, facts)
        inside = self._forms.exact.inside(node.generators, whole)
        many = len(parts) >= limits.partials_told_max or any(self._overflows(one, inside) for one in every_node(node))
        many = many or overflows(self._names, node)
        return frozenset(self._kind(one, inside) for one in (*unread, *parts)) | (UNKNOWN if many else NONE)

    def _kind(self, found: Partial, env: Env) -> str:
        return self._errors.raises(found.node, env) or SEVERAL

    def _overflows(self, node: ast.AST, env: Env) -> bool:
        """Whether a number may be too large for a float, which is not looked at behind the commit point."""
        type_of, sizes = self._forms.exact.type_of, self._partials.sizes.plain

        def large(value: ast.expr) -> bool:
            size = sizes.size(value, env, known.NOTHING)
            return size is None or size > _FLOAT_LARGEST

        match node:
            case ast.BinOp(left=left, op=op, right=right):
                if isinstance(op, ast.Pow):
                    return type_of(left, env) != INT or type_of(right, env) != INT
                floats = isinstance(op, ast.Div) or FLOAT in (type_of(left, env), type_of(right, env))
                return floats and any(map(large, (left, right)))
            case ast.Call(func=ast.Name(id=name), args=values):
                makes = name == "float" or self._names.table.get(name, ("", ""))[0] == "math"
                return makes and any(map(large, values))
        return False


_WHOLE = "…whole"
"""The name of what a comprehension goes through: it is computed once, whatever its order."""


def _of_parts(node: Comprehension, asked: bool) -> Comprehension:
    """A comprehension that goes through something that has a name."""
    first, *others = node.generators
    whole = ast.copy_location(ast.Name(_WHOLE, ast.Load()), first.iter)
    generators = [ast.comprehension(first.target, whole, first.ifs, first.is_async), *others]
    if isinstance(node, ast.DictComp):
        return ast.copy_location(ast.DictComp(node.key, node.value, generators), node)
    yes, no = (ast.copy_location(ast.Constant(one), node) for one in (True, False))
    part = ast.copy_location(ast.IfExp(node.elt, yes, no), node) if asked else node.elt
    return ast.copy_location(type(node)(part, generators), node)


class _Aliases:
    """What stands for something of a module in a choreography."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self.own: set[str] = set()

    def is_class(self, alias: str) -> bool:
        return alias in self._names.table

    def is_foreign(self, alias: str) -> bool:
        return self._names.modules.find(self._names.table[alias][0]) is None


def of_choreography(names: Names, signatures: Signatures) -> Callable[[Comprehension, Env, bool], Kinds]:
    """Judges the comprehensions of a choreography, with the types of the names around each."""
    exact = Exact(names, signatures, lambda node, part, owner: None)
    calls = PartialCalls(names, Judged(names, signatures), exact.type_of, exact.inside, exact.after)
    partials = knowing(names, calls.partials)
    total = Total(
        names, Read(exact, names.messages, partials, _Aliases(names)), partials, Caught(names, exact, frozenset())
    )
    return lambda node, env, asked: total.kinds(node, env, known.NOTHING, asked)
