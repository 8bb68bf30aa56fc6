"""What the names of a @pure function hold anywhere in it, whatever way is taken, and what is put into it.

What is put into a list under another name than its own has to be of the type of what it holds: see `body_forms`.
"""

from __future__ import annotations

import ast
import itertools
from collections import Counter
from collections.abc import Iterator

from accompanist import limits
from accompanist.language import types
from accompanist.language.checks.functions.body_types import NEVER, Exact, is_lazy, item, join, shallow
from accompanist.language.checks.types.infer import bind
from accompanist.language.reading.kinds import Env
from accompanist.language.text.nodes import every_node
from accompanist.language.types import UNKNOWN, Type

_FRESH_METHODS = frozenset({"copy", "split", "rsplit", "splitlines", "fromkeys", "union", "intersection", "difference"})
_PUTS = frozenset({"append", "insert", "add", "extend", "update", "setdefault"})
_FRESH_CALLS = frozenset({"list", "dict", "set", "sorted", "tuple", "frozenset"})


class BodyTypes:
    """The types that the names of a body have anywhere in it, whatever way is taken."""

    def __init__(self, exact: Exact, node: ast.FunctionDef, given: Env, declared: Env) -> None:
        self._exact, self._declared = exact, declared
        self._parts = [one for statement in node.body for one in every_node(statement)]
        self._own = _made_here(self._parts)
        self._nested = self._own - _given_to(self._parts)
        self.names = self._found(given)
        self.puts = {name for name, _ in self._put_in(self.names)}

    def of(self, name: str) -> Type:
        return self.names.get(name, UNKNOWN)

    def _found(self, given: Env) -> Env:
        stored = {one.id for one in self._parts if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        before: Env = {**dict.fromkeys(stored, NEVER), **given}
        for _ in range(limits.typing_turns_max):
            after = self._round(before, given)
            if after == before:
                return after
            before = after
        return {
            name: found if before.get(name) == found else UNKNOWN for name, found in self._round(before, given).items()
        }

    def _round(self, before: Env, given: Env) -> Env:
        made = dict(given)
        for name, found in itertools.chain(self._bound({**before}, made), self._put_in({**before})):
            kept = found if shallow(found) and not is_lazy(found) else UNKNOWN
            made[name] = self._declared.get(name) or join(made.get(name, NEVER), kept)
        return made

    def _bound(self, env: Env, made: dict[str, Type]) -> Iterator[tuple[str, Type]]:
        """What the statements bind. What one has bound is known in the next."""
        for part in self._parts:
            env = {**env, **made} if isinstance(part, ast.stmt) else env
            match part:
                case ast.Assign(targets=targets, value=value):
                    found = self._exact.type_of(value, env)
                    for target in targets:
                        yield from bind(target, found).items()
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    yield name, self._exact.type_of(value, env)
                case ast.AugAssign(target=ast.Name(id=name), op=op, value=value):
                    yield name, self._exact.type_of(ast.BinOp(ast.Name(name, ast.Load()), op, value), env)
                case ast.NamedExpr(target=ast.Name(id=name), value=value):
                    yield name, self._exact.type_of(value, env)
                case ast.For(target=target, iter=iterated):
                    yield from bind(target, item(self._exact.type_of(iterated, env))).items()

    def _put_in(self, env: Env) -> Iterator[tuple[str, Type]]:
        """What is put into the values of names."""
        of = self._exact.type_of
        for part in self._parts:
            match part:
                case ast.Assign(targets=[ast.Subscript(value=owner, slice=index)], value=value):
                    yield from self._held(owner, index, of(value, env), env)
                case ast.AugAssign(target=ast.Subscript(value=owner, slice=index), op=op, value=value):
                    now = ast.BinOp(ast.Subscript(owner, index, ast.Load()), op, value)
                    yield from self._held(owner, index, of(now, env), env)
                case ast.Call(func=ast.Attribute(value=owner, attr="append" | "insert"), args=[*_, value]):
                    yield from self._path(owner, types.listed(of(value, env)), env)
                case ast.Call(func=ast.Attribute(value=owner, attr="add"), args=[value]):
                    yield from self._path(owner, Type("set", "", (of(value, env),)), env)
                case ast.Call(func=ast.Attribute(value=owner, attr="extend"), args=[value]):
                    yield from self._path(owner, types.listed(item(of(value, env))), env)
                case ast.Call(func=ast.Attribute(value=owner, attr="setdefault"), args=[key, value]):
                    yield from self._path(owner, Type("dict", "", (of(key, env), of(value, env))), env)
                case ast.Call(func=ast.Attribute(value=owner, attr="update"), args=[value]):
                    found = of(value, env)
                    is_dict = found.name == "dict"
                    yield from self._path(owner, found if is_dict else Type("set", "", (item(found),)), env)

    def _held(self, owner: ast.expr, index: ast.expr, value: Type, env: Env) -> Iterator[tuple[str, Type]]:
        holder = self._exact.type_of(owner, env).name
        if holder == "list":
            yield from self._path(owner, value if isinstance(index, ast.Slice) else types.listed(value), env)
        elif holder == "dict":
            yield from self._path(owner, Type("dict", "", (self._exact.type_of(index, env), value)), env)

    def _path(self, owner: ast.expr, whole: Type, env: Env) -> Iterator[tuple[str, Type]]:
        """The name whose value holds what is changed."""
        match owner:
            case ast.Name(id=name) if name in self._own:
                yield name, whole
            case ast.Subscript(value=ast.Name(id=name) as value, slice=index) if name in self._nested:
                yield from self._held(value, index, whole, env)
            case ast.Call(func=ast.Attribute(value=value, attr="setdefault"), args=[key, _]) if (
                isinstance(value, ast.Name) and value.id in self._nested
            ):
                yield from self._path(value, Type("dict", "", (self._exact.type_of(key, env), whole)), env)


def _made_here(parts: list[ast.AST]) -> set[str]:
    """The names whose values are all made for them: what is put there is in nothing else under another type."""
    stored = [one.id for one in parts if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
    births = [
        name
        for one in parts
        if isinstance(one, ast.Assign | ast.AnnAssign) and one.value is not None and _fresh(one.value)
        for name in _targets(one)
    ]
    added = [one.target.id for one in parts if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name)]
    counts = Counter(stored)
    counts.subtract(births + added)
    return {name for name in births if not counts[name]}


def _given_to(parts: list[ast.AST]) -> set[str]:
    """The names whose values hold what may be in other values too."""
    found: set[str] = set()
    for part in parts:
        match part:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not _empty(value):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if not _empty(value):
                found.add(name)
            case ast.Assign(targets=[ast.Subscript(value=ast.Name(id=name))], value=value) if not _fresh(value):
                found.add(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attr), args=[*_, value]) if attr in _PUTS:
                if not _fresh(value):
                    found.add(name)
            case ast.AugAssign(target=ast.Name(id=name)):
                found.add(name)
    return found


def _empty(node: ast.expr) -> bool:
    return not any(isinstance(one, ast.expr) for one in ast.iter_child_nodes(node)) and _fresh(node)


def _targets(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {one.id for one in targets if isinstance(one, ast.Name)} if len(targets) == 1 else set()


def _fresh(node: ast.expr) -> bool:
    """Whether an expression makes a value of its own."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in _FRESH_CALLS
        case ast.Call(func=ast.Attribute(attr=method)):
            return method in _FRESH_METHODS
        case ast.List() | ast.Dict() | ast.Set() | ast.ListComp() | ast.DictComp() | ast.SetComp() | ast.BinOp():
            return True
    return False
