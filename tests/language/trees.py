"""Changed syntax trees: programs that are Python and, mostly, no choreography any more."""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Callable, Iterator
from typing import Any

ANNOTATIONS = [
    "messages.Order",
    "a.b.c.D",
    "typing.Any",
    "At[m.Order, 'a']",
    "At[Order, role.name]",
    "list[m.X]",
    "m.X[m.Y]",
    "At",
    "At[Order]",
    "At[Order, 'a', 'b']",
    "At[Order, f'{x}']",
    "1",
    "None",
    "...",
    "'Order'",
    "'not python ('",
    "'At[m.Order, \"a\"]'",
    "lambda x: x",
    "f()",
    "(yield)",
    "x if y else z",
    "[Order]",
    "{}",
    "*Order",
    "Order | m.X",
    "dict[str, m.X]",
    "tuple[()]",
    "tuple[m.X, ...]",
    "Literal[m.X]",
    "Literal['\\ud800']",
    "Optional[m.X]",
    "a[b][c]",
    "Annotated[m.X, 'a']",
    "Secret[m.X]",
    "Outcome[m.X]",
    "not x",
    "x := y",
    "-1",
    "b'x'",
    "1j",
    "Callable[[m.X], m.Y]",
]
LITERALS: list[object] = [
    0,
    -1,
    10**30,
    10**500,
    1e308,
    float("inf"),
    1j,
    True,
    None,
    ...,
    "",
    "x" * 5_000,
    "\0",
    "\x1b[2J",
    "\ud800",
    b"",
    b"\xff",
    "a.b",
    "'",
    '"',
    "{x}",
    "\n",
]
NAMES = [
    "self",
    "com",
    "share",
    "attempt",
    "At",
    "Role",
    "int",
    "str",
    "list",
    "print",
    "range",
    "None_",
    "__class__",
    "x",
]
_WRAPPERS: list[Callable[[Any], ast.expr]] = [
    lambda node: ast.UnaryOp(ast.Not(), node),
    lambda node: ast.List([node], ast.Load()),
    lambda node: ast.Tuple([node, node], ast.Load()),
    lambda node: ast.Call(ast.Name("com", ast.Load()), [node], []),
    lambda node: ast.Attribute(node, "value", ast.Load()),
    lambda node: ast.Subscript(node, ast.Constant(0), ast.Load()),
    lambda node: ast.IfExp(node, node, node),
    lambda node: ast.Starred(node, ast.Load()),
    lambda node: ast.Await(node),
    lambda node: ast.Lambda(ast.arguments([], [], None, [], [], None, []), node),
    lambda node: ast.JoinedStr([ast.FormattedValue(node, -1, None)]),
    lambda node: ast.ListComp(node, [ast.comprehension(ast.Name("x", ast.Store()), node, [], 0)]),
    lambda node: ast.NamedExpr(ast.Name("w", ast.Store()), node),
    lambda node: ast.BinOp(node, ast.Add(), node),
    lambda node: ast.Compare(node, [ast.Lt(), ast.In()], [node, node]),
    lambda node: ast.Dict([None, node], [node, node]),
    lambda node: ast.Yield(node),
]
_AROUND = [
    "if x:\n    pass\nelse:\n    pass",
    "for x in (1, 2):\n    pass",
    "while x:\n    pass",
    "with x as y:\n    pass",
    "try:\n    pass\nexcept E as e:\n    pass\nfinally:\n    pass",
    "match x:\n    case A(b=1) | [*_, 2] as c:\n        pass",
    "def f(a, /, b=1, *c, d, **e):\n    pass",
    "class C(Role, metaclass=M):\n    pass",
    "async def g():\n    pass",
    "match x:\n    case {'a': a, **rest} if a:\n        pass",
    "async for x in y:\n    pass",
    "async with x:\n    pass",
]
_ALONE = [
    "import a.b.c",
    "import a.b as m",
    "from . import x",
    "from .. import x",
    "from a import *",
    "from a.b import c as d",
    "global x",
    "nonlocal x",
    "del x",
    "raise",
    "raise E(1) from e",
    "assert x, y",
    "return",
    "return 1, 2",
    "break",
    "continue",
    "pass",
    "x: int",
    "x: m.X = 1",
    "x += 1",
    "x, *y = z",
    "x.y = z",
    "x[0] = z",
    "type_ = X",
    "yield x",
    "x = y = z",
    "[x, (y, z)] = w",
    "@d.e\ndef f(self) -> m.X: ...",
    "@d(1)(2)\nclass C: ...",
    "'text'",
    "...",
    "await x",
]


def mutant(chance: random.Random, text: str, foreign: str, changes: int) -> str:
    """The text of a program with so many changes of its tree; some nodes come from the foreign program."""
    tree = ast.parse(text)
    for _ in range(changes):
        chance.choice(_CHANGES)(chance, tree, ast.parse(foreign))
    return ast.unparse(ast.fix_missing_locations(tree))


Place = tuple[ast.AST, str, int | None]


def _places(tree: ast.AST, kind: type[ast.AST] | tuple[type[ast.AST], ...]) -> list[Place]:
    """Where nodes of a kind stand: in which field of which node, at which place of a list."""
    found: list[Place] = []
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, kind):
                found.append((parent, field, None))
            elif isinstance(value, list):
                found += [(parent, field, at) for at, one in enumerate(value) if isinstance(one, kind)]
    return found


def _at(place: Place) -> Any:
    parent, field, at = place
    value = getattr(parent, field)
    return value if at is None else value[at]


def _put(place: Place, node: Any) -> None:
    parent, field, at = place
    if at is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[at] = node


_KINDS = (ast.expr, ast.stmt, ast.arg, ast.keyword, ast.pattern, ast.operator, ast.cmpop, ast.match_case)


def _swap(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    kind = chance.choice(_KINDS)
    here = _places(tree, kind)
    there = here if chance.random() < 0.5 else _places(foreign, kind)
    if here and there:
        _put(chance.choice(here), copy.deepcopy(_at(chance.choice(there))))


def _delete(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    places = [place for place in _places(tree, ast.AST) if place[2] is not None]
    parent, field, at = chance.choice(places)
    assert at is not None
    if len(getattr(parent, field)) > 1 or field not in ("body", "targets", "names", "ops", "values", "cases", "items"):
        del getattr(parent, field)[at]


def _duplicate(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    places = [place for place in _places(tree, ast.AST) if place[2] is not None]
    parent, field, at = chance.choice(places)
    if field not in ("ops", "comparators", "kwd_patterns", "kwd_attrs", "keys", "values", "defaults", "kw_defaults"):
        getattr(parent, field).insert(at, copy.deepcopy(_at((parent, field, at))))


def _names(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name", "asname", "module", "rest"):
            if isinstance(getattr(node, field, None), str):
                yield node, field


def _rename(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    node, field = chance.choice(list(_names(tree)))
    others = [getattr(*one) for one in _names(tree if chance.random() < 0.7 else foreign)]
    new = chance.choice([*others, *NAMES])
    old = getattr(node, field)
    for other, its in list(_names(tree)) if chance.random() < 0.3 else [(node, field)]:
        if getattr(other, its) == old:
            setattr(other, its, new if its == "module" else new.replace(".", "_"))


def _reach(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    """A name becomes one of something else: `X` is `m.X`."""
    if places := _places(tree, ast.Name):
        place = chance.choice(places)
        name = _at(place)
        _put(place, ast.Attribute(ast.Name(chance.choice(["m", "self", name.id]), ast.Load()), name.id, name.ctx))


def _annotate(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.arg | ast.AnnAssign | ast.FunctionDef)]
    if nodes:
        field = "returns" if isinstance(node := chance.choice(nodes), ast.FunctionDef) else "annotation"
        written = ast.parse(f"({chance.choice(ANNOTATIONS).lstrip('*')})").body[0]
        assert isinstance(written, ast.Expr)
        setattr(node, field, written.value)


def _elsewhere(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    """A type is taken from a module, inside the project or outside, by its dotted name."""
    assert isinstance(tree, ast.Module)
    module = chance.choice(["a.b", "a", "decimal", "workers.orders.messages", "workers.orders", "m", "accompanist"])
    alias = chance.choice([None, None, "m"])
    tree.body.insert(chance.randrange(min(4, len(tree.body) + 1)), ast.Import([ast.alias(module, alias)]))
    annotations = [place for place in _places(tree, ast.expr) if place[1] in ("annotation", "returns")]
    inside = [one for place in annotations for one in _places(_at(place), ast.Name)]
    if annotations:
        whole = ast.parse(f"{alias or module}.{chance.choice(['Order', 'X', 'Points', 'A.B'])}").body[0]
        assert isinstance(whole, ast.Expr)
        _put(chance.choice([*annotations, *inside, *inside]), whole.value)


def _literal(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    places = _places(tree, ast.Constant) or _places(tree, ast.Name)
    if places:
        _put(chance.choice(places), ast.Constant(chance.choice(LITERALS)))


def _wrap(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    if places := _places(tree, ast.expr):
        place = chance.choice(places)
        wrapper, node = chance.choice(_WRAPPERS), _at(place)
        for _ in range(chance.choice([1, 1, 1, 2, 4])):
            node = wrapper(node)
        _put(place, node)


def _deepen(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    if places := _places(tree, ast.expr):
        place, wrapper = chance.choice(places), chance.choice(_WRAPPERS[:2])
        node = _at(place)
        for _ in range(chance.choice([20, 60, 120, 300])):
            node = wrapper(node)
        _put(place, node)


def _around(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    if places := [place for place in _places(tree, ast.stmt) if place[2] is not None]:
        place = chance.choice(places)
        inner = _at(place)
        for _ in range(chance.choice([1, 1, 2, 8, 45])):
            outer = ast.parse(chance.choice(_AROUND)).body[0]
            bodies = _places(outer, ast.Pass)
            _put(chance.choice(bodies), inner)
            inner = outer
        _put(place, inner)


def _statement(chance: random.Random, tree: ast.AST, foreign: ast.AST) -> None:
    places = [place for place in _places(tree, ast.stmt) if place[2] is not None]
    parent, field, at = chance.choice(places)
    getattr(parent, field).insert(at, ast.parse(chance.choice(_ALONE)).body[0])


_CHANGES = [
    _swap,
    _swap,
    _delete,
    _duplicate,
    _rename,
    _reach,
    _annotate,
    _elsewhere,
    _literal,
    _wrap,
    _deepen,
    _around,
    _statement,
]
