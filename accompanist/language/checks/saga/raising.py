"""What may raise where in a choreography, and at which roles: the saga check asks it.

Walked forward with the types that `typed` found and with what the conditions on the way say. An expression is looked at
wherever it stands; one that was copied, because it follows an early return, counts as raising if any of its copies
does. Who computes it is read from the projections: an owner that does not need a value does not compute it.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from accompanist import limits
from accompanist.language import types, waits
from accompanist.language.checks.functions.judged import Judged
from accompanist.language.checks.raising import facts as known
from accompanist.language.checks.raising import finite, measured, sizes
from accompanist.language.checks.raising.crossing import Crossing
from accompanist.language.checks.raising.facts import Facts
from accompanist.language.checks.raising.library_calls import knowing
from accompanist.language.checks.raising.partial import Partial, TypeOf
from accompanist.language.checks.raising.partial_calls import PartialCalls, Signatures
from accompanist.language.checks.types.infer import Inference
from accompanist.language.ir import (
    Abort,
    Again,
    Block,
    ChoreographyHead,
    Enter,
    Expression,
    If,
    Invoke,
    Leave,
    Let,
    Loop,
    Move,
    NormalForm,
    Owners,
    Return,
    Statement,
    actors,
    ends,
    inside,
    named,
    walk,
)
from accompanist.language.projection.local import (
    Aborting,
    Calling,
    Choosing,
    Ending,
    Entering,
    Fork,
    Local,
    LocalStatement,
    Repeating,
    Sending,
    asks_nothing,
    points,
)
from accompanist.language.projection.project import NOTHING, Projector
from accompanist.language.reading import kinds
from accompanist.language.reading.names import Names
from accompanist.language.reading.roles import DRAWN
from accompanist.language.text.instead import shown
from accompanist.language.text.nodes import every_node
from accompanist.language.types import Type

Envs = Mapping[int, Mapping[str, Type]]
"""The types of names where an expression stands, by the identity of its node."""


Parts = tuple[Partial, ...]


class Raising:
    """What may raise in one choreography, as `found` answers it."""

    def __init__(self) -> None:
        self._partial: dict[int, Parts] = {}
        self._may: dict[Expression, set[str]] = {}  # the roles that compute such an expression anywhere
        self._must: dict[int, set[str]] = {}  # those that compute this very one, by the identity of its node
        self._alone: dict[str, set[str]] = {}

    def at(self, value: Expression, owners: Owners) -> tuple[Parts, Owners, Owners] | None:
        """The parts of an expression that may raise; at which of these roles it may be computed where it stands, and at
        which it certainly is. Programs of two branches that are merged keep one of two equal statements."""
        partial = self._partial.get(id(value.node))
        may = owners & frozenset(self._may.get(value, ()))
        if partial is None or not may:
            return None
        return partial, may, owners & frozenset(self._must.get(id(value.node), ()))

    def alone(self, loop: Loop) -> Owners:
        """The roles that turn a loop without asking anything of the world, up to a bound: what comes behind it need
        not come. A loop over the items of a list ends before that."""
        return frozenset(self._alone.get(loop.site, ()))

    def __bool__(self) -> bool:
        return bool(self._partial or self._alone)


def found(whole: NormalForm, names: Names, envs: Envs, signatures: Signatures) -> Raising:
    """Everything that may raise, not yet with the roles. `signatures`: what @pure functions give."""
    made = Raising()
    walked = _Walk(names, envs, signatures, made._partial)
    walked.follow(whole)
    for block in whole.blocks:
        walked.block(block, known.NOTHING)
    return made


def placed(made: Raising, amended: NormalForm, header: ChoreographyHead) -> Raising:
    """The same with the roles that compute each expression."""
    counted = {loop.site for block in amended.blocks for loop in walk(block) if isinstance(loop, Loop)}
    counted -= {site for block in amended.blocks for site in _over_items(block)}
    for role in header.roles:
        projector = Projector(header, role)
        blocks = [projector.project(amended.body, NOTHING, frozenset({header.initiator}))[0]]
        blocks += [
            projector.project(one.body, NOTHING, actors(one.body))[0]
            for one in amended.procedures
            if role in actors(one.body)
        ]
        for point in (point for block in blocks for point in points(block)):
            for value in _computed(point):
                made._may.setdefault(value, set()).add(role)
                made._must.setdefault(id(value.node), set()).add(role)
            if isinstance(point, Repeating) and asks_nothing(point) and point.site in counted:
                made._alone.setdefault(point.site, set()).add(role)
    return made


def may_commit(whole: NormalForm) -> bool:
    """Whether there is anything that cannot be undone: else an exception undoes the saga, wherever it is raised."""
    calls = (point for block in whole.blocks for point in walk(block) if isinstance(point, Invoke))
    return any(call.offer.pivot or call.offer.irrevocable for call in calls)


def expressions(point: Statement) -> Iterator[tuple[Expression, Owners]]:
    """What a statement computes, in its order, and at whom; not what is computed in the blocks in it."""
    match point:
        case Let(value=value) | Return(value=value) | If(test=value):
            yield value, point.owners
        case Move(value=value):
            yield value, point.owners | {point.sender}
        case Abort(reason=value):
            yield value, frozenset({point.role})
        case Invoke(arguments=arguments):
            yield from ((value, frozenset({point.role})) for _, value in arguments)
        case Enter():
            yield from ((value, one.owners) for one, value in point.arguments)


def _gives(point: Statement) -> Iterator[tuple[tuple[str, ...], Expression]]:
    """What a statement computes, with the names that stand for it."""
    match point:
        case Let(targets=targets, value=value):
            yield targets, value
        case Enter(arguments=arguments):
            yield from (((one.name,), value) for one, value in arguments)


def _computed(point: LocalStatement) -> Iterator[Expression]:
    match point:
        case Local(value=value) | Sending(value=value) | Aborting(reason=value) | Fork(test=value):
            yield value
        case Choosing(value=value) | Ending(value=value) if value is not None:
            yield value
        case Calling(arguments=arguments) | Entering(arguments=arguments):
            yield from (value for _, value in arguments)


def _over_items(block: Block) -> Iterator[str]:
    """The sites of loops that go over items, and not over numbers."""
    for before, loop in itertools.pairwise(block):
        match before, loop:
            case Let(value=Expression(node=ast.Call(func=ast.Name(id="tuple")))), Loop(site=site):
                if before.targets == (f"{named(site)}_in",):
                    yield site
    for point in block:
        for inner in inside(point):
            yield from _over_items(inner)


class _Walk:
    """Goes through a block with what is known."""

    def __init__(self, names: Names, envs: Envs, signatures: Signatures, partial: dict[int, Parts]) -> None:
        self._envs, self._partial = envs, partial
        infer = Inference(names, signatures, lambda node, part, owner: None)
        self._types = _Types(infer.type_of)
        judged = Judged(names, signatures)
        calls = PartialCalls(names, judged, self._types.of, infer.inside, infer.after)
        self._endless, self._sizes = calls.endless, calls.sizes.plain
        self._partials = knowing(names, replace(calls.partials, sizes=self._sizes))
        self._crossing = Crossing(self._partials, names.table.get, lambda node: _makes(node, names))

    def follow(self, whole: NormalForm) -> None:
        """Which names may stand for no finite number. What has its wire form is finite, but for a number."""
        given = [one for block in whole.blocks for point in walk(block) for one in _gives(point)]
        self._measure(given)
        before = -1
        while before != len(self._endless.names):
            before = len(self._endless.names)
            for targets, value in given:
                env = self._envs.get(id(value.node))
                if env is not None and (value.wire is None or value.wire == types.FLOAT):
                    self._types.forget()
                    names: list[ast.expr] = [ast.Name(one, ast.Store()) for one in targets]
                    self._endless.follow([ast.Assign(names, value.node), *every_node(value.node)], env)

    def _measure(self, given: list[tuple[tuple[str, ...], Expression]]) -> None:
        """How large the numbers get that names stand for. What has its wire form is no larger than a message holds."""
        self._types.forget()
        pairs: list[tuple[str, ast.expr, bool, kinds.Env]] = []
        for targets, value in given:
            env = self._envs.get(id(value.node))
            if env is not None and value.wire is None:
                names: list[ast.expr] = [ast.Name(one, ast.Store()) for one in targets]
                nodes = [ast.Assign(names, value.node), *every_node(value.node)]
                pairs += [(*one, env) for node in nodes for one in sizes.given(node)]
        self._sizes.follow_each(pairs)

    def block(self, block: Block, facts: Facts) -> Facts:
        for point in block:
            facts = self._point(point, facts)
        return facts

    def _point(self, point: Statement, facts: Facts) -> Facts:
        for value, _ in expressions(point):
            self._look(value, facts)
        self._crosses(point, facts)
        match point:
            case Let(targets=targets, value=value):
                return self._bound(point, targets, value, facts)
            case Invoke(target=str() as target) | Move(target=str() as target) | Enter(target=str() as target):
                drawn = isinstance(point, Invoke) and point.offer == DRAWN["now"]
                return known.without(facts, {target}) | (_of_clock(target) if drawn else known.NOTHING)
            case If(test=test):
                self._asked(test)
                then = self.block(point.then, known.after(facts, test.node, True))
                orelse = self.block(point.orelse, known.after(facts, test.node, False))
                return orelse if ends(point.then) else then if ends(point.orelse) else then & orelse
            case Loop(body=body):
                facts = known.without(facts, _assigned(body))
                self.block(body, facts)
        return facts

    def _crosses(self, point: Statement, facts: Facts) -> None:
        """Numbers that may be too large where they are sent, or given to an operation; seconds for a timer."""
        match point:
            case Invoke(offer=offer, arguments=arguments):
                asked = self._crossing.timer if waits.is_timed(offer.name) else self._crossing.of
                for _, value in arguments:
                    self._cross(value, asked, facts)
            case Move(value=value) | Return(value=value):
                self._cross(value, self._crossing.of, facts)
            case Let(value=value) if value.wire is not None:
                self._cross(value, self._crossing.of, facts)
            case Let(targets=[target], value=value):
                env = self._envs.get(id(value.node))
                if env is not None and any(self._crossing.of(value.node, env, facts | self._partials.always)):
                    self._crossing.large.add(target)

    def _cross(self, value: Expression, asked: Callable[..., Iterator[Partial]], facts: Facts) -> None:
        env = self._envs.get(id(value.node))
        if env is None or value.refused or id(value.node) in self._partial:
            return
        parts = tuple(itertools.islice(asked(value.node, env, facts | self._partials.always), limits.partials_told_max))
        if parts:
            self._partial[id(value.node)] = parts

    def _bound(self, point: Let, targets: tuple[str, ...], value: Expression, facts: Facts) -> Facts:
        facts = known.without(facts, set(targets))
        if point.unpacked:
            self._unpack(value, targets, facts)
            match value.node:
                case ast.Subscript(value=ast.Name(id=counted)):
                    names = ast.Tuple([ast.Name(one, ast.Load()) for one in targets], ast.Load())
                    return facts | self._turned(names, counted, facts)
            return facts
        if value.names & set(targets):
            return facts
        node = value.node
        if isinstance(node, ast.Name) and targets and value.wire is None:
            return known.same(facts, targets[0], node.id)
        match node:  # one turn of a loop
            case ast.Subscript(value=ast.Name(id=counted)):
                return facts | self._turned(ast.Name(targets[0], ast.Load()), counted, facts)
        match node:  # what nobody asks for is not kept: everything that is kept is gone through at each assignment
            case ast.Constant() | ast.List() | ast.Call(func=ast.Name(id="range" | "len")):
                return facts | {known.Fact(ast.Compare(ast.Name(targets[0], ast.Load()), [ast.Eq()], [node]), True)}
            case ast.Call(func=ast.Name(id="tuple"), args=[_]) if _is_ours(targets[0]):
                return facts | {known.Fact(ast.Compare(ast.Name(targets[0], ast.Load()), [ast.Is()], [node]), True)}
        env = self._envs.get(id(node))
        if env is None:
            return facts
        made = finite.ends(targets[0], node, env, facts, self._partials)
        return facts | made | measured.given(targets[0], node, env, facts, self._partials)

    def _turned(self, target: ast.expr, counted: str, facts: Facts) -> Facts:
        """What is known of the names of one turn of a loop."""
        for fact in facts:
            match fact.node:
                case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq() | ast.Is()], comparators=[ast.Call() as over]):
                    if name == counted and fact.holds:
                        return frozenset(known.turned(target, over))
        return known.NOTHING

    def _asked(self, test: Expression) -> None:
        """A condition is asked whether it is true, which may run code of a class."""
        env = self._envs.get(id(test.node))
        for found in self._partials.condition(test.node, env) if env is not None else ():
            self._partial.setdefault(id(test.node), (found,))

    def _look(self, value: Expression, facts: Facts) -> None:
        env = self._envs.get(id(value.node))
        if env is None or value.refused:
            return
        self._types.forget()
        parts = self._partials.some(value.node, env, facts)
        if not parts and (unfit := self._partials.unfit(value.node, value.wire, env, facts, sent=True)) is not None:
            parts = (unfit,)
        if parts:
            self._partial[id(value.node)] = parts

    def _unpack(self, value: Expression, targets: tuple[str, ...], facts: Facts) -> None:
        count = len(targets)
        env = self._envs.get(id(value.node), {})
        whole = types.unveiled(self._partials.type_of(value.node, env))
        if whole.name == "tuple" and types.ELLIPSIS not in whole.arguments and len(whole.arguments) == count:
            return
        if isinstance(value.node, ast.Tuple) and len(value.node.elts) == count:
            return
        if isinstance(value.node, ast.Subscript | ast.Name) and _is_ours(ast.unparse(value.node)):
            names = ast.Tuple([ast.Name("…" if _is_ours(one) else one, ast.Load()) for one in targets], ast.Load())
            why = f"not every item need have {count} parts"
            instead = f"one name for the item, and if len(item) == {count}: {ast.unparse(names)[1:-1]} = item"
            self._partial.setdefault(id(value.node), (Partial(names, why, instead),))
            return
        text = shown(value.node)
        asked = ast.parse(f"len({text}) == {count}", mode="eval").body
        if known.true(asked, facts):
            return
        why, instead = f"{text} may not have {count} parts", f"if len({text}) == {count}: … around it"
        self._partial.setdefault(id(value.node), (Partial(value.node, why, instead),))


class _Types:
    """The types of the parts of one expression, each asked for once. What is remembered keeps its node and names
    alive: another object could have their identity otherwise."""

    def __init__(self, type_of: TypeOf) -> None:
        self._type_of = type_of
        self._known: dict[tuple[int, int], tuple[ast.expr, Mapping[str, Type], Type]] = {}

    def forget(self) -> None:
        self._known = {}

    def of(self, node: ast.expr, env: Mapping[str, Type]) -> Type:
        key = (id(node), id(env))
        if key not in self._known:
            self._known[key] = (node, env, self._type_of(node, env))
        return self._known[key][2]


def _is_ours(text: str) -> bool:
    """Whether a name in it is one that authors cannot write."""
    return text[:1] == "_" and text[1:2].isdigit()


def _of_clock(name: str) -> Facts:
    """How large a time is that a role has read: far below what a float holds."""
    now, most = ast.Name(name, ast.Load()), ast.Constant(1e18)
    ends = (ast.Compare(now, [ast.LtE()], [most]), ast.Compare(now, [ast.GtE()], [ast.UnaryOp(ast.USub(), most)]))
    return frozenset(known.Fact(one, True) for one in ends)


def _makes(node: ast.Call, names: Names) -> bool:
    """Whether a message is made of what is given."""
    pair = names.table.get(node.func.id) if isinstance(node.func, ast.Name) else None
    if pair is None:
        return False
    return pair == ("dataclasses", "replace") or names.messages.find(Type(pair[1], pair[0])) is not None


def _assigned(body: Block) -> set[str]:
    """The names that a loop's body assigns."""
    names: set[str] = set()
    for point in walk(body):
        match point:
            case Let(targets=targets):
                names |= set(targets)
            case Invoke(target=str() as target) | Move(target=str() as target) | Enter(target=str() as target):
                names.add(target)
            case Again() | Leave():
                continue
    return names
