"""What is changed in place, and what is certainly no part of it: a list is no dict, and a text is never changed."""

from __future__ import annotations

from collections.abc import Callable, Set

from accompanist.language import types
from accompanist.language.checks.functions.body_types import SETS
from accompanist.language.checks.raising.facts import Fact, Facts
from accompanist.language.reading.kinds import Env
from accompanist.language.types import Type

_HOLDING = frozenset({"list", "dict", *SETS})
_WRITTEN = frozenset({"datetime", "decimal", "uuid"})


def untouched(facts: Facts, names: Set[str], known: Env, is_enum: Callable[[Type], bool]) -> Facts:
    """The facts about nothing that may be, or hold, what has one of these names. `known`: the types that names have
    anywhere; one that has none there is bound within the fact, or stands for what never changes."""
    kinds = {kind for name in names for kind in _kinds(known.get(name, types.UNKNOWN), is_enum)}
    kinds |= {"?"} if "" in names else set()

    def apart(fact: Fact) -> bool:
        held = {kind for name in fact.names & known.keys() for kind in _within(known[name], is_enum)}
        return not held or ("?" not in held | kinds and not held & kinds)

    return frozenset(fact for fact in facts if not fact.names & names and apart(fact))


def _kinds(found: Type, is_enum: Callable[[Type], bool]) -> Set[str]:
    """Which kinds of containers a value may be."""
    return {kind for one in types.unveiled(found).options for kind in _kind(types.unveiled(one), is_enum)}


def _kind(found: Type, is_enum: Callable[[Type], bool]) -> Set[str]:
    if found.module in _WRITTEN or is_enum(found):
        return set()
    if found.module or not found.known:
        return {"?"}
    if found.name in types.SCALARS or found.name in ("None", "bytes", "tuple"):
        return set()
    return {found.name if found.name in _HOLDING else "?"}


def _within(found: Type, is_enum: Callable[[Type], bool]) -> Set[str]:
    """The same of what it holds, too."""
    found = types.unveiled(found)
    inner = (kind for one in found.arguments if one != types.ELLIPSIS for kind in _within(one, is_enum))
    return {*(() if found.name == "|" else _kind(found, is_enum)), *inner}
