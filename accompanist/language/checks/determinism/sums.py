"""Where a @pure function may add floats with `sum`, see `types.summed`.

Not read: what is called by other names than its own, and what is spread with a star. There it may add floats.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from accompanist.language.checks.determinism import machine
from accompanist.language.checks.functions.body_text import Text
from accompanist.language.checks.functions.body_types import Exact, holds_never, is_lazy
from accompanist.language.checks.functions.body_whole import BodyTypes
from accompanist.language.checks.types import summed
from accompanist.language.reading.kinds import Env
from accompanist.language.reading.messages import Messages
from accompanist.language.reading.modules import Module, Modules, Reference
from accompanist.language.reading.names import Names
from accompanist.language.reading.signatures import signatures
from accompanist.language.text.nodes import children, every_node
from accompanist.language.types import UNKNOWN, Type

_INNER = (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
Place = tuple[int, int]
"""Line and column."""


class FloatSum(NamedTuple):
    node: ast.AST
    text: str
    hint: str


def reads(
    modules: Modules, messages: Messages, home: Module, node: ast.FunctionDef, owner: Type | None
) -> Iterator[FloatSum]:
    """Every place of a function that may add floats. `owner` is the class that it is a method of."""
    nodes = every_node(node)
    if not any(_is_named(one) for one in nodes) or modules.resolve(home, summed.NAME) is not None or _binds(node):
        return
    names = list(_own(node))
    calls = {id(one.func): one for one in nodes if isinstance(one, ast.Call)}
    added = _Added(modules, messages, home, node, owner).found
    for one in names:
        found = added.get(_place(one), UNKNOWN)
        if summed.floats(messages, found):
            whole = calls.get(id(one), one)
            yield FloatSum(whole, summed.text(whole), summed.instead(whole, found))


def renamed(part: ast.AST, found: Reference | None, text: str) -> str:
    """Why another name of `sum` cannot be used: what is added under it is not read. Empty if it is none."""
    own = isinstance(part, ast.Name) and part.id == summed.NAME
    is_sum = (found is None and text == summed.NAME and not own) or found == Reference("builtins", summed.NAME)
    return "may add floats, which depends on the version of Python" if is_sum else ""


def _is_named(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == summed.NAME


def _binds(node: ast.AST) -> bool:
    """Whether a function, a lambda or a comprehension gives the name another value; those in it have names of their
    own."""
    waiting = children(node)
    for part in waiting:
        match part:
            case ast.Name(id="sum", ctx=ast.Store() | ast.Del()) | ast.arg(arg="sum") | ast.FunctionDef(name="sum"):
                return True
            case ast.ExceptHandler(name="sum") | ast.MatchAs(name="sum") | ast.MatchStar(name="sum"):
                return True
            case _ if not isinstance(part, _INNER):
                waiting += children(part)
    return False


def _own(node: ast.AST) -> Iterator[ast.Name]:
    """Where the name stands for Python's own function."""
    for part in children(node):
        if isinstance(part, ast.Name) and _is_named(part):
            yield part
        elif not (isinstance(part, _INNER) and _binds(part)):
            yield from _own(part)
        elif not isinstance(part, ast.FunctionDef | ast.Lambda):  # what a comprehension goes through stands outside
            yield from _own(ast.Expr(part.generators[0].iter))


class _Added:
    """The types of what `sum` adds in one function, by the place of its name; nothing where that is not read."""

    def __init__(
        self, modules: Modules, messages: Messages, home: Module, node: ast.FunctionDef, owner: Type | None
    ) -> None:
        body = Text(Names(modules, messages, home, set()), home, node)
        self._exact = Exact(body.names, signatures(modules), lambda node, part, owner: None)
        names = BodyTypes(self._exact, body.node, body.given(owner), body.local()).names
        self._declared = body.declared
        names = {name: UNKNOWN if holds_never(found) else _read(found) for name, found in names.items()}
        self.found = dict(self._within(body.node.body, self._with_iterators(body.node, names)))

    def _with_iterators(self, node: ast.AST, names: Env) -> Env:
        """The types with those of iterators that are bound once: nobody can put anything into these, as into a list."""
        for name, value in machine.bound_once(every_node(node)).items():
            found = UNKNOWN if names.get(name, UNKNOWN).known else self._exact.type_of(value, names)
            names = {**names, name: found} if is_lazy(found) else names
        return names

    def _within(self, nodes: Iterable[ast.AST], env: Env) -> Iterator[tuple[Place, Type]]:
        for node in nodes:
            match node:
                case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                    inside = env
                    for at, one in enumerate(node.generators):
                        yield from self._within([one.iter], inside)
                        inside = self._exact.inside(node.generators[: at + 1], env)
                        yield from self._within(one.ifs, inside)
                    parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
                    yield from self._within(parts, inside)
                case ast.Lambda(body=body):
                    yield from self._within([body], {**env, **dict.fromkeys(_taken(node), UNKNOWN)})
                case ast.FunctionDef(args=args, body=body):
                    given = [one for one in every_node(args) if isinstance(one, ast.arg)]
                    hidden = dict.fromkeys((one.arg for one in given), UNKNOWN) | self._told(node)
                    yield from self._within(body, {**env, **hidden})
                case ast.Call():
                    yield from self._called(node, env)
                    for part in children(node):
                        yield from self._argument(part, node, env)
                case _:
                    yield from self._within(children(node), env)

    def _told(self, node: ast.FunctionDef) -> dict[str, Type]:
        """The types of the parameters of an inner function that it does not bind again."""
        taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        again = {one.id for one in every_node(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
        return {one.arg: _read(self._declared(one.annotation)) for one in taken if one.arg not in again}

    def _called(self, node: ast.Call, env: Env) -> Iterator[tuple[Place, Type]]:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        given = [UNKNOWN if isinstance(one, ast.Starred) else self._exact.type_of(one, env) for one in node.args]
        named = {one.arg or "": self._exact.type_of(one.value, env) for one in node.keywords}
        for part, found in summed.added(name, node, given, named):
            yield _place(node.func if part is node else part), found

    def _argument(self, part: ast.AST, node: ast.Call, env: Env) -> Iterator[tuple[Place, Type]]:
        """What a call is given. A key, and what `map` calls, takes one item."""
        match part, node:
            case ast.keyword(arg="key", value=ast.Lambda() as made), (
                ast.Call(func=ast.Name(), args=[over]) | ast.Call(func=ast.Attribute(value=over), args=[])
            ):
                pass
            case ast.Lambda() as made, ast.Call(func=ast.Name(id="map" | "filter"), args=[_, over]):
                pass
            case _:
                yield from self._within([part], env)
                return
        taken = _taken(made)
        each = summed.item(self._exact.type_of(over, env)) if len(taken) == 1 else UNKNOWN
        inside = {**env, **dict.fromkeys(taken, each)}
        yield from self._within([made.body], inside)


def _read(found: Type) -> Type:
    """A type as far as it is read: a mapping gives what a dict gives."""
    arguments = tuple(map(_read, found.arguments))
    if (found.module, found.name) in _MAPPINGS and len(arguments) == 2:
        return Type("dict", "", arguments)
    return replace(found, arguments=arguments)


_MAPPINGS = frozenset(itertools.product(("collections.abc", "typing"), ("Mapping", "MutableMapping")))


def _taken(node: ast.Lambda) -> list[str]:
    return [one.arg for one in every_node(node.args) if isinstance(one, ast.arg)]


def _place(node: ast.expr) -> Place:
    return node.lineno, node.col_offset
