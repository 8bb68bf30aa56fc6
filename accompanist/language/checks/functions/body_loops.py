"""What a loop of a @pure function says of its item, and whether it may change how much there is to go through."""

from __future__ import annotations

import ast

from accompanist.language.checks.functions.body_parts import bound_in, gone_through, resizing
from accompanist.language.checks.functions.body_state import Knowing
from accompanist.language.checks.functions.body_types import SETS, Exact
from accompanist.language.checks.raising import each
from accompanist.language.checks.raising import facts as known


def resized(node: ast.For, exact: Exact, at: Knowing) -> str:
    """A dict or a set that the body may make larger or smaller while the loop goes through it."""
    for through in gone_through(node.iter):
        if exact.type_of(through, at.env).name in ("dict", "?", "!", "|", *SETS):
            name = through.id if isinstance(through, ast.Name) else ""
            own = "" if _key(node) in bound_in(node.body) else _key(node)
            if any(_may_be(owner, key, name, own, exact, at) for owner, key in resizing(node.body)):
                return ast.unparse(through)
    return ""


def _may_be(owner: ast.expr, key: str, name: str, turns: str, exact: Exact, at: Knowing) -> bool:
    """Whether what gets more or fewer items may be what a loop goes through. `turns`: the name of the key that each
    turn has from it."""
    kind = exact.type_of(owner, {**at.env, **at.whole.names}).name
    own = owner.id if isinstance(owner, ast.Name) else ""
    if kind not in ("dict", "?", "!", "|", "never", *SETS) or (own == name and key and key == turns):
        return False
    return own == name or ((not name or name in at.shared) and own in at.shared)


def turn(node: ast.For, exact: Exact, at: Knowing) -> None:
    """What a turn says of its item: it is in what is gone through."""
    if at.now is None:
        return
    body = ast.Module(node.body, [])
    bound, stored, changed = bound_in([node.target]), bound_in(node.body), at.changed_in(body)
    said = frozenset(known.turned(node.target, node.iter)) if not bound & known.names_in(node.iter) else known.NOTHING
    lasting = frozenset(fact for fact in said if not fact.names & stored and at.lasts(fact, changed))
    at.add(lasting | each.said(node.target, node.iter, at.facts))
    if not bound & (stored | known.names_in(node.iter)):
        at.add(each.by_type(node.target, node.iter, lambda one: exact.type_of(one, at.env)))


def _key(node: ast.For) -> str:
    """The name that a loop gives to each key of a dict; empty if it goes through something else."""
    match node.target, node.iter:
        case ast.Name(id=name), ast.Name() | ast.Call(func=ast.Attribute(value=ast.Name(), attr="keys"), args=[]):
            return name
    return ""
