"""Which indexes are certainly those of what they are laid at, by what conditions say of them and of its length."""

from __future__ import annotations

import ast

from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Facts


def within(index: ast.expr, container: ast.expr, facts: Facts) -> bool:
    """Whether an index is certainly one of the container's."""
    form = ast.dump(container)
    if any(within(one, container, facts) for one in _computed(index, facts)):
        return True
    match index:
        case ast.BinOp(left=half, op=ast.Sub(), right=ast.Constant(value=int(back))) if any(
            _part_of_length(one, form, facts) for one in (half, *_computed(half, facts))
        ):
            return 0 <= back <= known.length(container, facts)
        case ast.BinOp(op=ast.Mod(), right=by) if known.length_of(by, facts) == form:
            return known.length(container, facts) > 0
        case ast.BinOp(op=ast.FloorDiv()) if _part_of_length(index, form, facts):
            return known.length(container, facts) > 0
        case ast.BinOp(left=left, op=ast.Sub() | ast.Add() as sign, right=ast.Constant(value=int(by))) if _turns(
            left, by if isinstance(sign, ast.Add) else -by, form, facts
        ):
            return True
        case ast.BinOp(left=counted, op=ast.Sub(), right=ast.Constant(value=int(back))) if (
            known.length_of(counted, facts) == form
        ):
            return 0 < back <= known.length(container, facts)
        case ast.UnaryOp(op=ast.USub(), operand=operand) if known.positive(operand, facts):
            ends = ((op, other) for op, other in known.compared(operand, facts) if op in (ast.Lt, ast.LtE))
            return any(known.length_of(other, facts) == form for _, other in ends)
    if _turns(index, 0, form, facts):
        return True
    if (beyond := known.below(index, facts)) is not None and beyond <= known.length(container, facts):
        return True
    ends_below = False
    for op, other in known.compared(index, facts):
        match op, other:
            case ast.In, ast.Call(func=ast.Name(id="range"), args=[counted]) if known.length_of(counted, facts) == form:
                return True
            case ast.In, ast.Call(func=ast.Name(id="range"), args=[start, counted]) if known.natural(start, facts):
                if known.length_of(counted, facts) == form:
                    return True
            case ast.In, ast.Call(func=ast.Name(id="range"), args=[*_, ast.Constant(value=int(end))] as args) if len(
                args
            ) < 3 and end <= known.length(container, facts):
                ends_below = True
            case ast.Lt, _ if known.length_of(other, facts) == form:
                ends_below = True
    return ends_below and known.natural(index, facts)


def _part_of_length(node: ast.expr, form: str, facts: Facts) -> bool:
    """Whether it is a half, a third or less of how long what has this form is."""
    match node:
        case ast.BinOp(left=counted, op=ast.FloorDiv(), right=ast.Constant(value=int(by))):
            return by > 1 and known.length_of(counted, facts) == form
    return False


def _computed(node: ast.expr, facts: Facts) -> list[ast.expr]:
    """What a name was given that is computed of others."""
    if not isinstance(node, ast.Name):
        return []
    given = (other for op, other in known.compared(node, facts) if op is ast.Eq and isinstance(other, ast.BinOp))
    return [other for other in given if node.id not in known.names_in(other)]


def _turns(node: ast.expr, more: int, form: str, facts: Facts) -> bool:
    """Whether a number that counts the turns of a loop, and so much more, is an index of what has this form."""
    for op, other in known.compared(node, facts):
        match op, other:
            case ast.In, ast.Call(func=ast.Name(id="range"), args=[*first, end]) if len(first) < 2:
                start = known.number(first[0]) if first else 0
                end, back = _less(end)
                if (
                    isinstance(start, int)
                    and start >= 0
                    and known.length_of(end, facts) == form
                    and -start <= more <= back
                ):
                    return True
    return False


def _less(node: ast.expr) -> tuple[ast.expr, int]:
    """A number, and how much is taken away from it."""
    match node:
        case ast.BinOp(left=left, op=ast.Sub(), right=ast.Constant(value=int(back))) if back >= 0:
            return left, back
    return node, 0
