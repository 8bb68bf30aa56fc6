"""What `sum` adds, and whether a float may be among it.

Python 3.12 and later add floats with a correction of what is lost at each step, Python 3.11 does not: the last digit
may differ between two services, or after an upgrade. Whatever is not known to be no float may be one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence

from accompanist.language import types
from accompanist.language.reading.library import DECIMAL
from accompanist.language.reading.messages import Messages
from accompanist.language.text.instead import shown
from accompanist.language.types import FLOAT, INT, NONE, UNKNOWN, Type

NAME = "sum"
_PLAIN = frozenset({"int", "bool", "str", "bytes", "None", "list", "tuple", "dict", "set", "frozenset", "never"})
"""With what an empty list holds."""
_EXACT = (DECIMAL, Type("timedelta", "datetime"), Type("Fraction", "fractions"))


def added(
    name: str,
    node: ast.Call,
    given: Sequence[Type],
    named: Mapping[str, Type],
    kind: Callable[[ast.expr], Type] | None = None,
) -> Iterator[tuple[ast.expr, Type]]:
    """Where a call of a builtin adds with `sum`, and the types of what it adds: the call of it, or its name where it is
    handed on. `given`, `named`: the types of the arguments. `kind` gives the type of an expression in their place;
    without it, an empty list counts as it stands."""
    if kind is not None and name == NAME and node.args and (full := filled(node.args[0])) is not node.args[0]:
        given = [kind(full), *given[1:]]
    keys = [one.value for one in node.keywords if one.arg == "key"]
    match name, node.args:
        case "sum", [_, ast.List() | ast.Tuple()]:
            yield node, item(given[0])  # lists are put together
        case "sum", _:
            yield node, _total(given, named)
        case "map", [ast.Name(id="sum") as handed, _]:
            yield handed, item(item(given[1]))
        case (("sorted" | "min" | "max"), _):
            yield from ((one, _keyed(given)) for one in keys if isinstance(one, ast.Name) and one.id == NAME)


def _total(given: Sequence[Type], named: Mapping[str, Type]) -> Type:
    if not 1 <= len(given) <= 2 or not named.keys() <= {"start"}:
        return UNKNOWN  # it raises, or what it is given is spread with a star
    return types.union(item(given[0]), *(given[1:] or named.values() or [INT]))


def _keyed(given: Sequence[Type]) -> Type:
    parts = [item(given[0])] if len(given) == 1 else given
    return types.union(*map(item, parts)) if parts else UNKNOWN


def item(container: Type) -> Type:
    """The type of what going through a value gives."""
    return types.union(*map(_item, types.unveiled(container).options))


def _item(container: Type) -> Type:
    if container.name in ("set", "frozenset") and not container.module and container.arguments:
        return container.arguments[0]
    if container == NONE:
        return Type("never")  # it was asked for before: nothing goes through None
    if container.name == "never":
        return container
    return INT if container == types.BYTES else types.element(container)


def filled(node: ast.expr) -> ast.expr:
    """What is added, without the empty lists that are added where there is nothing else: these hold no float."""
    match node:
        case ast.BoolOp(op=ast.Or(), values=[one, other]) if _empty(other):
            return filled(one)
        case ast.IfExp(body=body, orelse=orelse) if _empty(body) or _empty(orelse):
            return filled(orelse if _empty(body) else body)
        case ast.Call(func=ast.Attribute(attr="get"), args=[key, other], keywords=[]) if _empty(other):
            return ast.copy_location(ast.Call(node.func, [key], []), node)
        case ast.ListComp(elt=elt, generators=parts) | ast.GeneratorExp(elt=elt, generators=parts):
            inner = [ast.comprehension(one.target, filled(one.iter), one.ifs, one.is_async) for one in parts]
            same = all(one.iter is other.iter for one, other in zip(inner, parts, strict=True))
            return node if same else ast.copy_location(type(node)(elt, inner), node)
    return node


def _empty(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple) and not node.elts


def floats(messages: Messages, found: Type) -> bool:
    """Whether a value may be a float: it is one, or its type does not say that it is none."""
    return not all(_is_other(messages, one) for one in types.unveiled(found).options)


def _is_other(messages: Messages, found: Type) -> bool:
    if not found.module:
        return found.name in _PLAIN
    literal = (found.module, found.name) == ("typing", "Literal")
    return found in _EXACT or literal or messages.find(found) is not None


def text(node: ast.expr, why: str = "") -> str:
    """What is wrong where `sum` may add floats. `node`: the call, or the name where it is handed on. `why` its type is
    not known, if that is known."""
    match node:
        case ast.Call(args=[over], keywords=[]):
            whole = f"{NAME}({_given(over)})"
        case _:
            whole = shown(node)
    because = f", because {why}," if why else ","
    return f"{whole} may add floats{because} and Python 3.12 adds them otherwise than 3.11"


def instead(node: ast.expr, found: Type) -> str:
    """What to write. `found`: the types of what is added."""
    match node:
        case _ if FLOAT not in types.unveiled(found).options:
            return "numbers: list[int] = …, then sum(numbers), if they are whole; math.fsum(…) if they are floats"
        case ast.Call(args=[over], keywords=[]):
            exact = f"math.fsum({_given(over)})"
        case ast.Call(args=[over, start]) | ast.Call(args=[over], keywords=[ast.keyword(value=start)]):
            exact = f"math.fsum([{shown(start)}, *{shown(over)}])"
        case _:
            exact = "math.fsum"
    return f"{exact}, which is the same on each version; or a loop that adds one after the other"


def _given(node: ast.expr) -> str:
    """The one argument of a call: a generator needs no brackets of its own there."""
    return shown(node)[1:-1] if isinstance(node, ast.GeneratorExp) else shown(node)
