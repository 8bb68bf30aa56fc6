"""What the statements of a @pure function say by their form alone: which names they bind, what they go through and may
make larger, what they catch.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator, Set

from accompanist.language.checks.raising import total_methods
from accompanist.language.checks.raising.facts import Fact, Facts, copied, member
from accompanist.language.checks.raising.own_names import EACH, alone
from accompanist.language.reading.methods import CHANGING
from accompanist.language.text.nodes import children, every_node

IN_PLACE = CHANGING | {"difference_update", "intersection_update", "symmetric_difference_update", "move_to_end"}
_VIEWS = frozenset({"items", "keys", "values"})
_PASSES_ON = frozenset({"enumerate", "zip", "map", "filter"})
_SOMETIMES = (ast.IfExp, ast.BoolOp, ast.ListComp, ast.DictComp, ast.SetComp, ast.GeneratorExp, ast.Lambda)
CATCH_ALL = frozenset({"Exception", "BaseException"})


def bound_in(nodes: Iterable[ast.AST]) -> set[str]:
    """The names that statements give a value, or take it from."""
    names: set[str] = set()
    for part in (part for node in nodes for part in every_node(node)):
        match part:
            case ast.Name(id=name, ctx=ast.Store()) | ast.ExceptHandler(name=str(name)):
                names.add(name)
    return names


def loaded(target: ast.expr) -> ast.expr:
    """A target as what is read there."""
    match target:
        case ast.Subscript(value=value, slice=index):
            return ast.copy_location(ast.Subscript(value, index, ast.Load()), target)
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
    return target


def first_bound(node: ast.expr) -> ast.NamedExpr | None:
    """The `name := value` that an expression begins with: it is computed in any case, and before anything else."""
    match node:
        case ast.NamedExpr():
            return node
        case ast.Compare(left=first) | ast.BinOp(left=first) | ast.UnaryOp(operand=first) | ast.IfExp(test=first):
            return first_bound(first)
        case ast.BoolOp(values=[first, *_]):
            return first_bound(first)
    return None


def without(node: ast.expr, walrus: ast.NamedExpr) -> ast.expr:
    """The same expression with the name in the place of what it is bound to."""
    if node is walrus:
        return loaded(walrus.target)
    match node:
        case ast.Compare(left=first, ops=ops, comparators=others):
            made: ast.expr = ast.Compare(without(first, walrus), ops, others)
        case ast.BinOp(left=first, op=op, right=right):
            made = ast.BinOp(without(first, walrus), op, right)
        case ast.UnaryOp(op=sign, operand=first):
            made = ast.UnaryOp(sign, without(first, walrus))
        case ast.IfExp(test=first, body=body, orelse=orelse):
            made = ast.IfExp(without(first, walrus), body, orelse)
        case ast.BoolOp(op=way, values=[first, *rest]):
            made = ast.BoolOp(way, [without(first, walrus), *rest])
        case _:
            return node
    return ast.copy_location(made, node)


def gone_through(node: ast.expr) -> Iterator[ast.expr]:
    """What a loop goes through itself, and no copy of it."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr=view), args=[]) if view in _VIEWS:
            yield owner
        case ast.Call(func=ast.Name(id=name), args=args) if name in _PASSES_ON:
            for one in args:
                yield from gone_through(one)
        case ast.Call():
            return
        case ast.GeneratorExp(generators=generators):
            for part in generators:
                yield from gone_through(part.iter)
        case ast.IfExp(body=body, orelse=orelse):
            yield from (one for side in (body, orelse) for one in gone_through(side))
        case ast.BoolOp(values=values):
            yield from (one for side in values for one in gone_through(side))
        case _:
            yield node


def resizing(body: list[ast.stmt]) -> Iterator[tuple[ast.expr, str]]:
    """What may get more or fewer items, with the name of the key that is set."""
    for part in (part for one in body for part in every_node(one)):
        match part:
            case ast.Call(func=ast.Attribute(value=owner, attr=method)) if method in IN_PLACE:
                yield owner, ""
            case ast.Subscript(value=owner, slice=key, ctx=ast.Store() | ast.Del()):
                yield owner, key.id if isinstance(key, ast.Name) else ""
            case ast.AugAssign(target=ast.Name() as target):
                yield loaded(target), ""


def catches(node: ast.Try, others: Set[str]) -> bool:
    """Whether it catches whatever its body may raise. `others`: names that stand for something else here."""
    return any(_catches_all(one.type, others) for one in node.handlers)


def _catches_all(caught: ast.expr | None, others: Set[str]) -> bool:
    return caught is None or (isinstance(caught, ast.Name) and caught.id in CATCH_ALL - others)


def is_value(pattern: ast.pattern) -> bool:
    """Whether a pattern asks for values that are written out, or takes everything without a name."""
    match pattern:
        case ast.MatchValue() | ast.MatchSingleton() | ast.MatchAs(pattern=None, name=None):
            return True
        case ast.MatchOr(patterns=patterns):
            return all(map(is_value, patterns))
    return False


def once_changed(node: ast.expr, shared: Set[str]) -> bool:
    """Whether at most one value is changed in place, once, and nothing else is asked of it there."""
    if isinstance(node, ast.IfExp):
        return not changes_itself(node.test) and all(once_changed(one, shared) for one in (node.body, node.orelse))
    if (given := _given_to(node, shared)) is not None:
        return once_changed(given, shared)
    parts = every_node(node)
    changing = [one for one in parts if isinstance(one, ast.Call) and _changes(one)]
    names = [one.id for one in parts if isinstance(one, ast.Name)]
    for call in changing:
        owner = call.func.value if isinstance(call.func, ast.Attribute) else call
        name = owner.id if isinstance(owner, ast.Name) else ""
        others = set(names) - {name}
        alone = call is node and not any(map(changes_itself, children(call)))
        apart = names.count(name) == 1 and not (name in shared and others & shared)
        if not alone and (len(changing) > 1 or not apart or any(isinstance(one, _SOMETIMES) for one in parts)):
            return False
    return True


def _given_to(node: ast.expr, shared: Set[str]) -> ast.expr | None:
    """The one value that something with a name is changed with, in which something else is changed first."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr), args=[given], keywords=[]):
            others = {one.id for one in every_node(given) if isinstance(one, ast.Name)}
            apart = name not in others and not (name in shared and others & shared)
            return given if attr in IN_PLACE and apart and changes_itself(given) else None
    return None


def shared(node: ast.FunctionDef) -> set[str]:
    """The names whose values may have another name too, or be a part of another value."""
    if not any(isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Subscript) for one in every_node(node)):
        return total_methods.shared(node)
    return total_methods.shared(_Stores().visit(copy.deepcopy(node)))


class _Stores(ast.NodeTransformer):
    """What is put into a value is given to it; the value itself is given to nothing."""

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        stores = all(isinstance(one, ast.Subscript) for one in node.targets)
        return ast.Expr(ast.List([node.value], ast.Load())) if stores else node


def of_length(fact: Fact) -> bool:
    """Whether a fact is one of how long something is, and of nothing else."""
    match fact.node:
        case ast.Name() | ast.Compare(left=ast.Call(func=ast.Name(id="len")), comparators=[ast.Constant()]):
            return True
    return False


def is_name(part: ast.expr) -> bool:
    """Whether a part of what is on the left of an assignment is a name, with or without a star."""
    return isinstance(part.value if isinstance(part, ast.Starred) else part, ast.Name)


def too_few(parts: list[ast.expr]) -> str:
    """What is said of values that are given to so many names."""
    if any(isinstance(one, ast.Starred) for one in parts):
        count = len(parts) - 1
        return f"there may be fewer than {count} value{'s' * (count != 1)} for the names on the left"
    return f"there may not be {len(parts)} parts"


def splits(value: ast.expr, count: int, facts: Facts) -> bool:
    """Whether it is a text that is split once at another one, which is in it."""
    match value:
        case ast.Call(
            func=ast.Attribute(value=text, attr="split" | "rsplit"),
            args=[ast.Constant(value=str(at)) as sign, ast.Constant(value=1)],
            keywords=[],
        ):
            return count == 2 and bool(at) and member(sign, text, facts)
    return False


def is_equal(fact: Fact) -> bool:
    """Whether it says that a name was given what is computed of others: what is known of them is known of it."""
    match fact.node:
        case ast.Compare(left=ast.Name(), ops=[ast.Eq()], comparators=[ast.Call() | ast.ListComp() | ast.BinOp()]):
            return fact.holds
    return False


def said_of(name: str, value: ast.expr) -> Iterator[Fact]:
    """What is known of a name that is given what is written out."""
    now = ast.Name(name, ast.Load())
    match value:
        case ast.Dict() | ast.BinOp(op=ast.BitOr()):
            yield from (Fact(ast.Compare(one, [ast.In()], [now]), True) for one in _keys(value))
        case ast.List() | ast.Tuple() | ast.Constant():
            yield Fact(ast.Compare(now, [ast.Eq()], [value]), True)
        case _ if is_copy(value):
            yield Fact(ast.Compare(now, [ast.Eq()], [alone(value)]), True)
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name()], keywords=[]):
            yield Fact(ast.Compare(now, [ast.Eq()], [value]), True)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.FloorDiv() | ast.Mod()) if _of_lengths(value):
            yield Fact(ast.Compare(now, [ast.Eq()], [value]), True)
        case ast.DictComp(
            key=ast.Name(id=key), generators=[ast.comprehension(target=ast.Name(id=each), iter=over, ifs=[])]
        ) if key == each:
            yield _all_in(over, now)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="dict"), attr="fromkeys"), args=[over, *_]):
            yield _all_in(over, now)
        case ast.BinOp(left=ast.List(elts=parts), op=ast.Mult(), right=ast.Constant(value=int(times))) if not any(
            isinstance(one, ast.Starred) for one in parts
        ):
            counted = ast.Call(ast.Name("len", ast.Load()), [now], [])
            yield Fact(ast.Compare(counted, [ast.Eq()], [ast.Constant(len(parts) * max(times, 0))]), True)


def _keys(value: ast.expr) -> Iterator[ast.Constant]:
    """The keys that a dict certainly has by how it is written."""
    match value:
        case ast.Dict(keys=keys):
            yield from (one for one in keys if isinstance(one, ast.Constant))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            yield from (*_keys(left), *_keys(right))


def _all_in(over: ast.expr, owner: ast.Name) -> Fact:
    """That each item of something is a key."""
    each = ast.Name(f"{EACH}0", ast.Load())
    turns = [ast.comprehension(each, over, [], 0)]
    asked = ast.GeneratorExp(ast.Compare(each, [ast.In()], [owner]), turns)
    return Fact(ast.Call(ast.Name("all", ast.Load()), [asked], []), True)


def _of_lengths(value: ast.expr) -> bool:
    """Whether it is computed of whole numbers that are written out, of lengths and of names."""
    match value:
        case ast.Name() | ast.Constant(value=int()) | ast.Call(func=ast.Name(id="len"), args=[ast.Name()]):
            return True
        case ast.BinOp(left=left, right=right):
            return _of_lengths(left) and _of_lengths(right)
    return False


def is_copy(value: ast.expr) -> bool:
    """Whether it is a list of its own that has what something with a name has, or as many items."""
    match value:
        case ast.Call(func=ast.Name(id="sorted" | "list"), args=[inner]):
            return isinstance(copied(inner), ast.Name)
        case ast.ListComp(generators=[ast.comprehension(target=ast.Name(), ifs=ifs)]):
            return (not ifs or copied(value) is not value) and not changes_itself(value)
        case ast.Subscript(slice=ast.Slice()):
            return isinstance(copied(value), ast.Name) and not changes_itself(value)
    return False


def changes_itself(node: ast.AST) -> bool:
    """Whether something is changed in place in an expression."""
    return any(map(_changes, every_node(node)))


def _changes(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in IN_PLACE
