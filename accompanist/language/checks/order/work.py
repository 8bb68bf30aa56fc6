"""What the comprehensions of one @pure function may raise, with what is known where each of them stands, see
`set_total`.

The function is read as it is where it runs behind the commit point, statement after statement. A comprehension that is
never come to there may raise.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from accompanist.language.checks.functions.body import FunctionBody
from accompanist.language.checks.functions.body_caught import Caught
from accompanist.language.checks.functions.body_types import item
from accompanist.language.checks.functions.judged import Judged
from accompanist.language.checks.order.total import NONE, UNKNOWN, Kinds, Total
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.partial import Partial
from accompanist.language.checks.raising.partial_calls import RaisingJudge, Signatures
from accompanist.language.checks.sets.classes import Classes
from accompanist.language.checks.sets.given import Comprehension, each_of
from accompanist.language.reading.kinds import Env
from accompanist.language.reading.modules import Module
from accompanist.language.reading.names import Names
from accompanist.language.reading.signatures import signatures
from accompanist.language.text.nodes import children
from accompanist.language.types import Type

_COMPREHENDS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)
_SORTS = frozenset({"sorted", "min", "max"})
Place = tuple[ast.expr, Env, Facts]


class Work:
    """Looks at the comprehensions of one function. It is read when the first of them is asked for."""

    def __init__(self, classes: Classes, home: Module, node: ast.FunctionDef, owner: Type | None) -> None:
        self._classes, self._home, self._node, self._owner = classes, home, node, owner
        self._read: _Noting | None = None
        self._known: dict[tuple[int, bool], Kinds] = {}

    def kinds(self, node: Comprehension, asked: bool = False) -> Kinds:
        """What may be raised by what a comprehension does with each part, see `Total.kinds`."""
        key = (id(node), asked)
        if key not in self._known:
            self._known[key] = self._kinds(node, asked)
        return self._known[key]

    def asks(self, node: ast.expr) -> bool:
        """Whether it may raise to ask the parts of what `any` or `all` is given whether they are true."""
        return bool(self._kinds(node, True, of_parts=True))

    def _kinds(self, node: ast.expr, asked: bool, of_parts: bool = False) -> Kinds:
        try:
            self._read = self._read or self._noting()
            return self._read.kinds(node, asked, of_parts)
        except RecursionError:
            return UNKNOWN

    def _noting(self) -> _Noting:
        names = Names(self._classes.modules, self._classes.messages, self._home, frozenset())
        result = signatures(self._classes.modules)
        if self._classes.judge is None:
            self._classes.judge = Judged(names, result)
        return _Noting(self._classes.judge, names, result, self._home, self._node, self._owner)


class _Noting(FunctionBody):
    """Reads a function, and notes where its comprehensions stand."""

    def __init__(
        self,
        judge: RaisingJudge,
        names: Names,
        result: Signatures,
        home: Module,
        node: ast.FunctionDef,
        owner: Type | None,
    ) -> None:
        super().__init__(judge, names, result, home, node, owner)
        self._places: dict[tuple[int, int, int, int], list[Place]] = {}
        self._total = Total(
            self._text.names, self._forms, self._partials, Caught(self._text.names, self._exact, self._text.own)
        )
        for _ in self._block(self._text.node.body):
            pass

    def kinds(self, node: ast.expr, asked: bool, of_parts: bool) -> Kinds:
        found = self._places.get(_where(node), ())
        asking = [(each_of(one) if of_parts else one, env, facts | self._partials.always) for one, env, facts in found]
        kinds = [
            self._total.kinds(one, env, facts, asked) for one, env, facts in asking if isinstance(one, _COMPREHENDS)
        ]
        return NONE.union(*kinds) if found else UNKNOWN

    def _found(self, node: ast.expr, asked: bool, through: bool) -> Iterator[Partial]:
        for place in self._within(node, self._at.env, self._at.facts_of(node)):
            self._places.setdefault(_where(place[0]), []).append(place)
        yield from super()._found(node, asked, through)

    def _within(self, node: ast.AST, env: Env, facts: Facts) -> Iterator[Place]:
        """The comprehensions in an expression, with what is known of the names around each."""
        match node:
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                yield node, env, facts
                for one in node.generators:
                    yield from self._within(one.iter, env, facts)
                    env = self._exact.inside([one], env)
                    facts = known.without(facts, known.names_in(one.target))
                    for condition in one.ifs:
                        yield from self._within(condition, env, facts)
                        facts = known.after(facts, condition, True)
                for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                    yield from self._within(part, env, facts)
            case ast.BoolOp(op=op, values=values):
                for value in values:
                    yield from self._within(value, env, facts)
                    facts = known.after(facts, value, isinstance(op, ast.And))
                    env = self._exact.after(value, env, isinstance(op, ast.And))
            case ast.IfExp(test=test):
                yield from self._within(test, env, facts)
                for side, holds in ((node.body, True), (node.orelse, False)):
                    yield from self._within(side, self._exact.after(test, env, holds), known.after(facts, test, holds))
            case ast.Call(func=ast.Name(id=name), args=[whole, *_], keywords=[ast.keyword("key", ast.Lambda() as key)]):
                sorts = name in _SORTS and name not in env
                yield from self._within(whole, env, facts)
                yield from self._keyed(key, whole if sorts else None, env, facts)
            case ast.Call(func=ast.Name(id="any" | "all"), args=[one]) if not isinstance(one, _COMPREHENDS):
                yield one, env, facts
                yield from self._within(one, env, facts)
            case ast.Lambda():
                yield from self._keyed(node, None, env, facts)
            case _:
                for below in children(node):
                    yield from self._within(below, env, facts)

    def _keyed(self, key: ast.Lambda, whole: ast.expr | None, env: Env, facts: Facts) -> Iterator[Place]:
        """Those in a function that is given each item of something; of another one nothing is known."""
        names = [one.arg for one in key.args.args]
        inner = {name: found for name, found in env.items() if name not in names}
        if whole is not None and len(names) == 1:
            inner[names[0]] = item(self._exact.type_of(whole, env))
        yield from self._within(key.body, inner, known.without(facts, set(names)))


def _where(node: ast.expr) -> tuple[int, int, int, int]:
    return node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0
