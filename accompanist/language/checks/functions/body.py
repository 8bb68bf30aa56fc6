"""Whether a @pure function may raise: its statements, one after the other, with the names that have a value, their
types and what conditions have said.

What is not read exactly may raise: a statement that is not here, an expression that is not in `body_forms`. Facts end
with what a loop or a `try` binds or changes; where ways meet, only what all of them say holds.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator

from accompanist.language import types
from accompanist.language.checks.functions import body_bounds
from accompanist.language.checks.functions.body_calls import Read
from accompanist.language.checks.functions.body_caught import Caught
from accompanist.language.checks.functions.body_keys import KeySet, appended
from accompanist.language.checks.functions.body_loops import resized, turn
from accompanist.language.checks.functions.body_match import all_members
from accompanist.language.checks.functions.body_parts import (
    first_bound,
    is_name,
    is_value,
    loaded,
    of_length,
    once_changed,
    splits,
    too_few,
)
from accompanist.language.checks.functions.body_place import Untrue, placed
from accompanist.language.checks.functions.body_state import Knowing, Now, meeting, name_of
from accompanist.language.checks.functions.body_text import Text
from accompanist.language.checks.functions.body_types import Exact, is_lazy, item, kind
from accompanist.language.checks.functions.body_whole import BodyTypes
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising import known_constants, measured, total_methods
from accompanist.language.checks.raising.endless import may_hold
from accompanist.language.checks.raising.library_calls import knowing
from accompanist.language.checks.raising.partial import Partial
from accompanist.language.checks.raising.partial_calls import PartialCalls, RaisingJudge, Signatures
from accompanist.language.checks.types.infer import bind
from accompanist.language.reading import methods
from accompanist.language.reading.kinds import Env
from accompanist.language.reading.modules import Module
from accompanist.language.reading.names import Names
from accompanist.language.text.instead import shown
from accompanist.language.text.nodes import defaults, every_node
from accompanist.language.types import UNKNOWN, Type


class FunctionBody:
    """Reads one function."""

    def __init__(
        self,
        judge: RaisingJudge,
        names: Names,
        signatures: Signatures,
        home: Module,
        node: ast.FunctionDef,
        owner: Type | None,
    ) -> None:
        self._text = Text(names, home, node)
        self._exact = Exact(self._text.names, signatures, lambda node, part, owner: None)
        calls = PartialCalls(self._text.names, judge, self._exact.type_of, self._exact.inside, self._exact.after)
        self._partials = knowing(self._text.names, calls.partials)
        self._forms = Read(self._exact, names.messages, self._partials, self._text)
        given, declared = self._text.given(owner), self._text.local()
        self._declared = declared
        self._whole = BodyTypes(self._exact, self._text.node, given, declared)
        self._calls = calls
        calls.endless.follow(every_node(self._text.node), self._whole.names)
        calls.sizes.follow(every_node(self._text.node), self._whole.names)
        begins = Now(given, known_constants.facts(self._text.names.constants))
        self._at = Knowing(self._exact, self._whole, self._text.node, declared, begins)
        self._set = KeySet(self._text.names, self._exact, self._partials).fact
        self._handlers = Caught(self._text.names, self._exact, self._text.own)
        self._catching: frozenset[str] = frozenset()
        self._breaks: list[list[Now]] = []
        self._sums: dict[str, known.Facts] = {}
        self._grown = body_bounds.grown(self._text.node)

    def why(self) -> str:
        """Why it may raise, with the first place; empty if it cannot."""
        if (name := self._text.strange()) is not None:
            return f"{shown(name)} may be something else than it seems, in line {name.lineno}"
        return next(itertools.chain(self._defaults(), self._block(self._text.node.body), self._falls_through()), "")

    def endless(self) -> bool:
        """Whether what it gives may be no finite number, or hold one."""
        given = (one.value for one in every_node(self._text.node) if isinstance(one, ast.Return) and one.value)
        return any(
            may_hold(self._exact.type_of(one, self._whole.names)) and self._calls.endless.of(one, self._whole.names)
            for one in given
        )

    def size(self) -> int | None:
        """How large the numbers are that it gives; zero if they are no more than what may be handed on."""
        given = [one.value for one in every_node(self._text.node) if isinstance(one, ast.Return) and one.value]
        return self._calls.sizes.gives(given, self._whole.names)

    def _block(self, body: list[ast.stmt]) -> Iterator[str]:
        for statement in body:
            if self._at.now is None:
                return
            yield from self._statement(statement, self._at.now)

    def _statement(self, node: ast.stmt, now: Now) -> Iterator[str]:
        match node:
            case ast.Return(value=value):
                yield from self._values(node, value)
                yield from self._fits(value or ast.Constant(None), self._text.declared(self._text.node.returns), node)
                self._at.now = None
            case ast.Expr(value=value):
                yield from self._values(node, value)
                self._at.add(frozenset(appended(value, self._at.env)))
            case ast.Assign(targets=targets, value=value):
                yield from self._values(node, value)
                found = self._exact.type_of(self._at.plain(value), self._at.env)
                for target in targets:
                    yield from self._assign(target, value, found)
            case ast.AnnAssign(target=ast.Name() as target, value=value):
                if value is not None:
                    yield from self._values(node, value)
                    yield from self._assign(target, value, self._exact.type_of(self._at.plain(value), self._at.env))
            case ast.AugAssign():
                yield from self._augmented(node)
            case ast.If(test=test, body=body, orelse=orelse):
                yield from self._values(node, test, asked=True)
                yield from self._ways((test, True, body), (test, False, orelse))
            case ast.For():
                yield from self._for(node, now)
            case ast.While():
                yield from self._while(node)
            case ast.Try():
                yield from self._try(node, now)
            case ast.Match():
                yield from self._match(node, now)
            case ast.Break() | ast.Continue():
                if isinstance(node, ast.Break) and self._breaks:  # Python refuses one outside of a loop
                    self._breaks[-1].append(now)
                self._at.now = None
            case ast.Pass():
                return
            case _:
                raises = isinstance(node, ast.Raise | ast.Assert)
                yield f"{'it raises' if raises else 'a statement that may'}, in line {node.lineno}"

    def _values(
        self, statement: ast.stmt, node: ast.expr | None, *, asked: bool = False, through: bool = False
    ) -> Iterator[str]:
        """What is computed. `asked`: it is a condition; `through`: it is gone through at once."""
        if node is None:
            return
        line = statement.lineno
        if (walrus := first_bound(node)) is not None:
            yield from self._values(statement, walrus.value)
            found = self._exact.type_of(self._at.plain(walrus.value), self._at.env)
            yield from self._assign(walrus.target, walrus.value, found)
        node = self._at.plain(node)
        names = total_methods.changed(node)
        alone = once_changed(node, self._at.shared)
        if not alone and (lost := total_methods.in_the_midst(node)):
            yield f"{lost} is computed in the midst of an expression, in line {line}"
        if names and not alone:
            self._at.change(names)
        for part in self._found(node, asked, through):
            yield placed(part, line)
        if names:
            self._at.change(names)

    def _defaults(self) -> Iterator[str]:
        """Defaults that are no values of the types that their parameters are declared with."""
        for parameter, default in defaults(self._text.node.args):
            yield from self._fits(default, self._text.declared(parameter.annotation), default)

    def _falls_through(self) -> Iterator[str]:
        """None is given where the last statement is passed."""
        if self._at.now is not None:
            yield from self._fits(ast.Constant(None), self._text.declared(self._text.node.returns), self._text.node)

    def _fits(self, value: ast.expr, wanted: Type, place: ast.stmt | ast.expr) -> Iterator[str]:
        """A value that may be none of the type that it is declared with."""
        value = self._at.plain(value)
        part = self._partials.unfit(value, wanted, self._at.env, self._at.facts_of(value), sent=True)
        if part is not None:
            yield placed(part, place.lineno)

    def _bind(self, target: ast.expr, name: str, found: Type) -> Iterator[str]:
        """A name that a part of a value is given to, or a turn of a loop."""
        if unfit := self._partials.misfit(found.options, self._declared.get(name, UNKNOWN), sent=True):
            yield Untrue(f"{name} may be of type {unfit}, and is declared otherwise, in line {target.lineno}")
        self._at.bind(name, found)

    def _found(self, node: ast.expr, asked: bool, through: bool) -> Iterator[Partial]:
        env, facts = self._at.env, self._at.facts_of(node)
        yield from (self._forms.gone_through if through else self._forms.held)(node, env, facts)
        if asked:
            yield from self._forms.asked(node, env)
        yield from self._raising(node, env, facts)

    def _raising(self, node: ast.expr, env: Env, facts: known.Facts) -> Iterator[Partial]:
        """What may raise here, and is not caught; and what is of another type than is said of it."""
        parts = self._partials.every(node, env, facts)
        found = next((one for one in parts if not self._handlers.catches(one, node, env, self._catching)), None)
        if found is not None:
            yield found
            if (lasting := self._partials.untrue(node, env, facts)) is not None:
                yield lasting

    def _ways(self, *ways: tuple[ast.expr, bool, list[ast.stmt]]) -> Iterator[str]:
        before, ends = self._at.now, list[Now | None]()
        for test, holds, body in ways:
            self._at.now = before
            self._at.learn(test, holds)
            yield from self._block(body)
            ends.append(self._at.now)
        self._at.now = meeting(*ends)

    def _assign(self, target: ast.expr, value: ast.expr | None, found: Type) -> Iterator[str]:
        line = target.lineno
        match target:
            case ast.Name(id=name) if value is not None:
                yield from self._fits(value, self._declared.get(name, UNKNOWN), target)
                plain, env, facts = self._at.plain(value), self._at.env, self._at.facts
                bounds = body_bounds.given(name, plain, env, facts, self._partials)
                bounds |= measured.given(name, plain, env, facts, self._partials)
                self._at.bind(name, found, value)
                self._at.add(bounds)
            case ast.Name(id=name):
                yield from self._bind(target, name, found)
            case ast.Tuple(elts=parts):
                if not self._forms.fits(target, found) and not self._counted(value, parts, found):
                    yield f"{too_few(parts)}, in line {line}"
                for name, part in bind(target, found).items():
                    yield from self._bind(target, name, part)
            case ast.Subscript(value=owner, slice=index):
                yield from self._put(target, owner, index, found)
                keeps = self._exact.type_of(owner, self._at.env).name == "list" and not isinstance(index, ast.Slice)
                lengths = frozenset(filter(of_length, self._at.facts)) if keeps else known.NOTHING
                changed = total_methods.changed(target)
                keys = self._at.keys(changed) | self._set(owner, index, self._at.env)
                self._at.change(changed)
                self._at.add(lengths | keys)
            case ast.Attribute():
                yield f"a field is set, in line {line}"
            case _:
                yield f"{shown(target)} is not read exactly, in line {line}"

    def _counted(self, value: ast.expr | None, parts: list[ast.expr], found: Type) -> bool:
        """Whether a condition has said how many parts a list has."""
        plain = found.known and kind(found) in ("list", "tuple") and all(map(is_name, parts))
        if not plain or value is None:
            return False
        facts = self._at.facts
        if any(isinstance(one, ast.Starred) for one in parts):
            fixed = kind(found) == "tuple" and types.ELLIPSIS not in found.arguments
            return not fixed and self._partials.length(value, self._at.env, facts) >= len(parts) - 1
        if self._handlers.unpacked(self._catching) or splits(value, len(parts), facts):
            return True
        return known.length(value, facts) == known.highest(value, facts, of_length=True) == len(parts)

    def _put(self, target: ast.Subscript, owner: ast.expr, index: ast.expr, found: Type) -> Iterator[str]:
        line, holder = target.lineno, types.unveiled(self._exact.type_of(owner, self._at.env))
        if holder.name == "dict" and not holder.module:
            parts = [
                *self._forms.of(owner, self._at.env, self._at.facts),
                *self._forms.held(index, self._at.env, self._at.facts),
            ]
            parts += self._forms.hashable(index, self._exact.type_of(index, self._at.env))
            parts += self._forms.put(target, self._forms.value_of(holder), found)
            first = self._partials.first(index, self._at.env, self._at.facts) or self._partials.first(
                owner, self._at.env, self._at.facts
            )
            parts += [first] if first is not None else []
        else:
            parts = list(self._found(loaded(target), False, False))
            parts += self._forms.put(target, item(holder), item(found) if isinstance(index, ast.Slice) else found)
            if isinstance(index, ast.Slice) and index.step is not None:
                yield f"there may be another number of places, in line {line}"
            if holder.name != "list" or (isinstance(index, ast.Slice) and found.name != "list"):
                yield f"{shown(target)} is not read exactly, in line {line}"
        yield from (f"{one.why}, in line {line}" for one in parts)

    def _augmented(self, node: ast.AugAssign) -> Iterator[str]:
        whole = ast.copy_location(ast.BinOp(loaded(node.target), node.op, node.value), node)
        found = self._exact.type_of(whole, self._at.env)
        before = self._exact.type_of(loaded(node.target), self._at.env)
        yield from self._values(node, whole)
        if not methods.rebinds(before):
            held = item(before)
            for one in self._forms.put(whole, held, item(found)):
                yield f"{one.why}, in line {node.lineno}"
            self._at.change(name_of(node.target))
        bounds = known.NOTHING
        if isinstance(node.target, ast.Name):
            name, env, facts = node.target.id, self._at.env, self._at.facts
            bounds = body_bounds.given(name, whole, env, facts, self._partials)
            if name in self._sums:
                bounds = self._sums[name]
                facts |= body_bounds.of_messages(node.value, self._grown, env, self._partials)
                if not body_bounds.is_small(node.value, env, facts, self._partials):
                    why = f"{shown(node.value)} is added to {name} in each turn, and nothing bounds it"
                    yield f"{why}, in line {node.lineno}"
        yield from self._assign(node.target, None, found)
        self._at.add(bounds)

    def _for(self, node: ast.For, now: Now) -> Iterator[str]:
        yield from self._values(node, node.iter, through=True)
        if self._partials.none(node.iter, self._at.env, self._at.facts):
            yield f"{shown(node.iter)} may be None, in line {node.lineno}"
        found = item(self._exact.type_of(node.iter, self._at.env))
        sums = self._enter(node)
        if name := resized(node, self._exact, self._at):
            yield f"{name} may change while it is gone through, in line {node.lineno}"
        head = self._at.now
        self._breaks.append([])
        if not self._forms.fits(node.target, found):
            count = len(getattr(node.target, "elts", ()))
            yield f"not every item need have {count} parts, in line {node.lineno}"
        for name, part in bind(node.target, found).items():
            yield from self._bind(node.target, name, part)
        turn(node, self._exact, self._at)
        yield from self._block(node.body)
        self._at.now, self._sums = head, sums
        yield from self._block(node.orelse)
        self._at.now = meeting(self._at.now, *self._breaks.pop())

    def _enter(self, node: ast.For | ast.While) -> dict[str, known.Facts]:
        """Forget what a loop changes, but for what it only adds to; what was added to before it."""
        before = self._sums
        more = body_bounds.added_up(node, self._at.env, self._at.facts, self._partials)
        self._sums = {**more, **before}
        self._at.forget(node)
        for facts in self._sums.values():
            self._at.add(facts)
        return before

    def _while(self, node: ast.While) -> Iterator[str]:
        sums = self._enter(node)
        self._breaks.append([])
        yield from self._values(node, node.test, asked=True)
        head = self._at.now
        self._at.learn(node.test, True)
        yield from self._block(node.body)
        self._at.now, self._sums = head, sums
        self._at.learn(node.test, False)
        if isinstance(node.test, ast.Constant) and node.test.value:
            self._at.now = None
        yield from self._block(node.orelse)
        self._at.now = meeting(self._at.now, *self._breaks.pop())

    def _try(self, node: ast.Try, now: Now) -> Iterator[str]:
        named, outside = self._handlers.named(node), self._catching
        left = len(self._breaks[-1]) if self._breaks else 0
        if named is None:
            yield from self._caught(node.body)
        else:
            self._catching = outside | named
            yield from self._block(node.body)
            self._catching = outside
        ends = []
        yield from self._block(node.orelse)
        ends.append(self._at.now)
        for handler in node.handlers:
            self._at.now = now
            self._at.forget(ast.Module(node.body, []))
            if handler.name is not None:
                self._at.bind(handler.name, Type("Exception", "builtins"))
            yield from self._block(handler.body)
            self._at.unbind(handler.name)
            ends.append(self._at.now)
        after = meeting(*ends)
        broken = self._broken(left) if node.finalbody else None
        self._at.now = now
        self._at.forget(node)
        for handler in node.handlers:
            self._at.unbind(handler.name)
        yield from self._block(node.finalbody)
        ended = self._at.now is None
        if broken is not None and not ended and (ends_so := self._finally(node.finalbody, broken)) is not None:
            self._breaks[-1].append(ends_so)
        if node.finalbody:
            self._at.now = self._finally(node.finalbody, after) if after is not None and not ended else None
        else:
            self._at.now = after

    def _broken(self, left: int) -> Now | None:
        """What is known where a `break` in a `try` leaves it: `finally` comes before what follows the loop."""
        if not self._breaks:
            return None
        inside = self._breaks[-1][left:]
        del self._breaks[-1][left:]
        return meeting(*inside)

    def _finally(self, body: list[ast.stmt], before: Now) -> Now | None:
        """What is known behind a `finally` that was read already. One in which there is another one only forgets what
        it binds: read twice each, those within it would be read ever more often."""
        self._at.now = before
        if any(isinstance(part, ast.Try) and part.finalbody for one in body for part in every_node(one)):
            whole = ast.Module(body, [])
            self._at.forget(whole)
            for part in every_node(whole):
                if isinstance(part, ast.ExceptHandler):
                    self._at.unbind(part.name)
        else:
            list(self._block(body))
        return self._at.now

    def _caught(self, body: list[ast.stmt]) -> Iterator[str]:
        """A body whose exceptions are caught may raise; what it gives must be computed in it."""
        yield from (why for why in self._block(body) if isinstance(why, Untrue))
        for part in (part for one in body for part in every_node(one)):
            if isinstance(part, ast.Return) and part.value is not None:
                found = self._exact.type_of(part.value, self._whole.names)
                if not found.known or is_lazy(found):
                    yield f"{shown(part.value)} may be computed outside of the try, in line {part.lineno}"

    def _match(self, node: ast.Match, now: Now) -> Iterator[str]:
        """A match over values that are written out: nothing is learnt of what it is about."""
        yield from self._values(node, node.subject)
        for found in self._forms.asked(node.subject, self._at.env):
            yield f"{found.why}, in line {node.lineno}"
        before, ends, rest = self._at.now, list[Now | None](), True
        for case in node.cases:
            self._at.now = before
            if case.guard is not None or not is_value(case.pattern):
                yield f"a pattern that is not read exactly, in line {case.pattern.lineno}"
            rest = rest and not (isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None)
            yield from self._block(case.body)
            ends.append(self._at.now)
        rest = rest and not all_members(node, self._exact.type_of(node.subject, now.env), self._text.names)
        self._at.now = meeting(*ends, before if rest else None)
