"""Which calls of Python's library may raise, by what is written out; and what the names of a text stand for."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from accompanist.language import types
from accompanist.language.checks.raising import decimals, finite, known_constants, moments
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.comparable import Comparable
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.looked_at import LONG, UNENDED
from accompanist.language.checks.raising.partial import Partial, Partials, nothing
from accompanist.language.checks.raising.partial_given import argument, finite_only, unended
from accompanist.language.checks.raising.written_out import function, is_member
from accompanist.language.reading import library
from accompanist.language.reading.enums import told_apart
from accompanist.language.reading.names import Names
from accompanist.language.text.instead import in_brackets, shown
from accompanist.language.types import Type


def knowing(names: Names, partials: Partials) -> Partials:
    """The same judge, which also knows what the names of a text stand for."""
    called = _Called(names, partials)
    always = known_constants.facts(names.constants)
    return replace(partials, called=called.judge, comparable=Comparable(names.messages), always=always)


_ROUNDING = {"quantize": ("exp", "rounding"), "to_integral_value": ("rounding",)}
"""Methods of Decimals that are told how to round, with what they take."""


_ROOTS = ("isqrt", "sqrt")
_OF_A_FLOAT = 1000
"""The bits of a whole number that a float is made of: 1024 are too many."""


class _Called:
    """Judges calls of functions of the library by what is written out, and leaves all others to another judge."""

    def __init__(self, names: Names, partials: Partials) -> None:
        self._names, self._partials = names, partials

    def judge(self, node: ast.Call, env: Mapping[str, Type], facts: Facts) -> Partial | None:
        if isinstance(node.func, ast.Attribute) and node.func.attr in _ROUNDING and not self._rounds(node, env):
            return Partial(node, f"{node.func.attr} may not take what says how it is rounded")
        pair = self._names.table.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if pair is None:
            return self._partials.called(node, env, facts)
        if pair == moments.FROM_SECONDS:
            return moments.made_of_seconds(node, env, facts, self._partials)
        whole = pair[0] == "math" and pair[1] in ("floor", "ceil", "trunc")
        if whole and not all(decimals.writable(one, env, facts, self._partials) for one in node.args):
            text = shown(node.args[0])
            instead = f"math.{pair[1]}({text}) if -1000000000 < {in_brackets(node.args[0])} < 1000000000 else …"
            return Partial(node, LONG, instead)
        if whole and any(unended(one, env, facts, self._partials) for one in node.args):
            return Partial(node, UNENDED, finite_only(node, node.args[0]))
        if pair[0] == "math" and (function(pair[1], node) or self._has_root(pair[1], node, env, facts)):
            return None
        if pair[1] in _ROOTS and pair[0] == "math" and len(node.args) == 1:
            text = shown(node.args[0])
            instead = f"math.{pair[1]}({text}) if {in_brackets(node.args[0], (ast.BinOp,))} >= 0 else …"
            return Partial(node, f"{text} may be below zero, or no number that {pair[1]} takes", instead)
        if pair == ("math", "fsum") and len(node.args) == 1 and not node.keywords:
            return self._adds(node, node.args[0], env, facts)
        found = Type(pair[1], pair[0])
        message, defined = self._names.messages.find(found), self._names.messages.definition(found)
        if message is not None and message.kind == "enum" and defined is not None and is_member(defined[1], node):
            return None if told_apart(defined[1]) else Partial(node, f"what {pair[1]} makes of it is not read")
        return self._partials.called(node, env, facts)

    def _adds(self, node: ast.Call, over: ast.expr, env: Mapping[str, Type], facts: Facts) -> Partial | None:
        """`fsum` raises where a number, or what is added so far, is larger than a float can be, or is none."""
        if self._partials.none(over, env, facts):
            return nothing(node, over)
        if finite.adds(over, env, facts, self._partials):
            return None
        instead = f"math.fsum(one for one in {shown(over)} if -1e200 < one < 1e200)"
        return Partial(node, "what it adds may be too large for a float", instead)

    def _has_root(self, name: str, node: ast.Call, env: Mapping[str, Type], facts: Facts) -> bool:
        """Whether it is a root of a number that certainly is not below zero, and no larger than a float can be."""
        if name not in _ROOTS or len(node.args) != 1 or node.keywords:
            return False
        (value,) = node.args
        fits = (types.INT, types.BOOL, types.FLOAT)[: 3 if name == "sqrt" else 2]
        size = self._partials.sizes.size(value, env, facts)
        of_a_float = self._partials.kind(value, env) == types.FLOAT or (size is not None and size < 2**_OF_A_FLOAT)
        plain = self._partials.kind(value, env) in fits and of_a_float
        return plain and known.natural(value, facts) and not unended(value, env, facts, self._partials)

    def _rounds(self, node: ast.Call, env: Mapping[str, Type]) -> bool:
        """Whether how a Decimal is rounded is one of the ways that there are, under its name or written out."""
        taken = _ROUNDING[node.func.attr] if isinstance(node.func, ast.Attribute) else ()
        if len(node.args) > len(taken) or not {one.arg for one in node.keywords} <= {*taken}:
            return False
        match argument(node, "rounding", len(taken) - 1):
            case None | ast.Constant(value=None):
                return True
            case ast.Constant(value=str(way)):
                return ("decimal", way) in library.CONSTANTS
            case ast.Name(id=name) if name not in env:
                return self._names.table.get(name) in library.CONSTANTS and name.startswith("ROUND_")
        return False
