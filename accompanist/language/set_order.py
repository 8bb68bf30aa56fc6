"""Where the order of a set would show in what a @pure function gives.

The order differs between processes: texts hash otherwise in each. What does not depend on it: `in`, `len`, comparisons,
other sets, `any` and `all`, `sorted`, `min` and `max` without a key (with one, equal keys are left in the set's order).
A sum does, of fractions.

Only what can be seen in the function's own text is reported: what is written as a set, annotated as one, or given by a
function that is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from accompanist.language.modules import Reference

Resolve = Callable[[str], Reference | None]
_SETS = frozenset({"set", "frozenset", "Set", "FrozenSet", "AbstractSet", "MutableSet"})
_HIDES_ORDER = frozenset({"len", "any", "all", "set", "frozenset", "isinstance", "bool", "type"})
_WITHOUT_KEY = frozenset({"sorted", "min", "max"})
_GIVES_SET = frozenset({"union", "intersection", "difference", "symmetric_difference", "copy"})
_SHOWS = frozenset({"join", "extend", "extendleft", "fromkeys"})
_OPERATORS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.Sub)


def order_shown(node: ast.FunctionDef, resolve: Resolve) -> list[ast.expr]:
    """The places of a function where it goes through a set."""
    sets = _Sets(node, resolve)
    return [one for part in ast.walk(node) for one in sets.gone_through(part) if sets.holds(one)]


def declares_set(argument: ast.arg) -> bool:
    """Whether a parameter is declared to be a set."""
    return _is_set(argument.annotation)


class _Sets:
    """What is a set in a function. A name is one if it is annotated so, or bound to one anywhere."""

    def __init__(self, node: ast.FunctionDef, resolve: Resolve) -> None:
        self._resolve = resolve
        self._named = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg) and _is_set(part.annotation)}
        parts = sorted((part for part in ast.walk(node) if isinstance(part, ast.stmt)), key=lambda part: part.lineno)
        for part in parts:
            match part:
                case ast.Assign(targets=targets, value=value) if self.holds(value):
                    self._named |= {target.id for target in targets if isinstance(target, ast.Name)}
                case ast.AnnAssign(target=ast.Name(id=name), annotation=written) if _is_set(written):
                    self._named.add(name)

    def holds(self, part: ast.expr) -> bool:
        """Whether an expression gives a set, as far as can be seen."""
        match part:
            case ast.Set() | ast.SetComp() | ast.Call(func=ast.Name(id="set" | "frozenset")):
                return True
            case ast.BinOp(left=left, op=op, right=right) if isinstance(op, _OPERATORS):
                return self.holds(left) or self.holds(right) or _keys(left) or _keys(right)
            case ast.IfExp(body=one, orelse=other):
                return self.holds(one) or self.holds(other)
            case ast.BoolOp(values=values):
                return any(map(self.holds, values))
            case ast.NamedExpr(value=value):
                return self.holds(value)
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in _GIVES_SET:
                return self.holds(value)
            case ast.Call(func=ast.Name(id=name)):
                found = self._resolve(name)
                return found is not None and isinstance(found.node, ast.FunctionDef) and _is_set(found.node.returns)
            case ast.Name(id=name):
                return name in self._named
        return False

    def gone_through(self, part: ast.AST) -> Iterator[ast.expr]:
        """What a statement or expression goes through in order."""
        match part:
            case ast.For(iter=iterated) | ast.comprehension(iter=iterated):
                yield iterated
            case ast.Starred(value=value) | ast.FormattedValue(value=value):
                yield value
            case ast.Assign(targets=[ast.Tuple() | ast.List()], value=value):
                yield value
            case ast.Call(func=ast.Name(id=name), args=args):
                keyed = any(keyword.arg == "key" for keyword in part.keywords)
                hides = name in _HIDES_ORDER or (name in _WITHOUT_KEY and not keyed) or self._of_project(name)
                yield from () if hides else args
            case ast.Call(func=ast.Attribute(attr=attr), args=args) if attr in _SHOWS:
                yield from args
            case ast.Call(func=ast.Attribute(value=value, attr="pop"), args=[]):
                yield value
            case ast.AugAssign(op=ast.Add(), value=value):
                yield value

    def _of_project(self, name: str) -> bool:
        """Whether a function is read itself, and says of its parameter that it is a set."""
        found = self._resolve(name)
        return found is not None and found.node is not None


def _is_set(annotation: ast.expr | None) -> bool:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value.partition("[")[0] in _SETS
    while isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    return isinstance(annotation, ast.Name) and annotation.id in _SETS


def _keys(node: ast.expr) -> bool:
    """`d.keys()` and `d.items()`: between two of them an operator gives a set."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")
