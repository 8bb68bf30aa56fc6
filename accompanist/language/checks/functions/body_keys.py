"""Which keys are certainly in the dicts of a @pure function, and which lists have an item: what was put there."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set

from accompanist.language.checks.functions.body_types import Exact
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Fact, Facts
from accompanist.language.checks.raising.partial import Partials
from accompanist.language.reading.enums import told_apart
from accompanist.language.reading.kinds import Env
from accompanist.language.reading.names import Names
from accompanist.language.text.nodes import every_node
from accompanist.language.types import BOOL, INT, STR


class KeySet:
    """Looks at what is set in a dict."""

    def __init__(self, names: Names, exact: Exact, partials: Partials) -> None:
        self._messages, self._exact, self._partials = names.messages, exact, partials

    def fact(self, owner: ast.expr, key: ast.expr, env: Env) -> Facts:
        """That a key is in a dict where a value was given to it. What is not equal to itself is no such key."""
        holder, found = (self._exact.type_of(one, env) for one in (owner, key))
        message = self._messages.find(found)
        plain = found in (STR, INT, BOOL) or (message is not None and message.kind == "enum")
        named = isinstance(owner, ast.Name) and names_a_key(key) and owner.id not in known.names_in(key)
        if holder.name != "dict" or holder.module or not (plain and named) or self._partials.special(found):
            return known.NOTHING
        definition = self._messages.definition(found)
        if definition is not None and not told_apart(definition[1]):
            return known.NOTHING
        return frozenset({Fact(ast.Compare(key, [ast.In()], [owner]), True)})


def appended(node: ast.expr, env: Env) -> Iterator[Fact]:
    """That a list is not empty where an item was put into it."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name) as owner, attr="append" | "insert")):
            if (found := env.get(name)) is not None and found.name == "list" and not found.module:
                yield Fact(owner, True)


def of_keys(fact: Fact, dicts: Set[str]) -> bool:
    """Whether a fact says that a key is in one of these dicts: it stays there when values are given to keys."""
    match fact.node:
        case ast.Compare(left=key, ops=[ast.In()], comparators=[ast.Name(id=name)]):
            return fact.holds and name in dicts and names_a_key(key)
    return False


def all_keys(fact: Fact, dicts: Set[str]) -> ast.expr | None:
    """That of which each item is a key of one of these dicts, if a fact says so."""
    match fact.node:
        case ast.Call(
            func=ast.Name(id="all"),
            args=[
                ast.GeneratorExp(
                    elt=ast.Compare(left=ast.Name(id=key), ops=[ast.In()], comparators=[ast.Name(id=name)]),
                    generators=[ast.comprehension(target=ast.Name(id=each), iter=over, ifs=[])],
                )
            ],
        ) if fact.holds and key == each and name in dicts:
            return over
    return None


def names_a_key(node: ast.expr) -> bool:
    """Whether it is written out, or a name or a field: the same value each time."""
    return isinstance(node, ast.Constant | ast.Name) or (isinstance(node, ast.Attribute) and names_a_key(node.value))


def loses_keys(node: ast.AST) -> bool:
    """Whether a key may be taken out of a dict in some statement."""
    for part in every_node(node):
        match part:
            case ast.Delete() | ast.Call(func=ast.Attribute(attr="pop" | "popitem" | "clear")):
                return True
    return False


def loses_items(node: ast.AST) -> bool:
    """Whether an item may be taken out of a list in some statement."""
    for part in every_node(node):
        match part:
            case ast.Delete() | ast.Call(func=ast.Attribute(attr="pop" | "popitem" | "clear" | "remove")):
                return True
            case ast.Subscript(slice=ast.Slice(), ctx=ast.Store()) | ast.AugAssign(op=ast.Mult()):
                return True
    return False
