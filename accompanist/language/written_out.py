"""Whether a call that is written out with constants gives a value: it is tried."""

from __future__ import annotations

import ast
import datetime
import decimal
import uuid
from collections.abc import Callable


def makes(pair: tuple[str, str], node: ast.Call) -> bool:
    """Whether what is written out gives such a value."""
    module = {"datetime": datetime, "decimal": decimal, "uuid": uuid}[pair[0]]
    try:
        given = [ast.literal_eval(one) for one in node.args]
        made = getattr(module, pair[1])(*given, **{one.arg or "": ast.literal_eval(one.value) for one in node.keywords})
    except (ValueError, TypeError, ArithmeticError, AttributeError):
        return False
    return not isinstance(made, decimal.Decimal) or made.is_finite()


def computes(node: ast.Call) -> bool:
    """Whether a builtin takes what is written out."""
    functions: dict[str, Callable[..., object]] = {"int": int, "float": float, "chr": chr, "ord": ord}
    try:
        functions[ast.unparse(node.func)](*(ast.literal_eval(one) for one in node.args))
    except (ValueError, TypeError, OverflowError, KeyError):
        return False
    return not node.keywords
