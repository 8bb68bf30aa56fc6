"""Secrets stay at their role: what is typed `Secret[T]` is neither moved nor told, whatever it was made into.

A value is secret if its type says so, if a field of its type does, or if it was computed from a secret. What a branch
on a secret assigns is secret too, and no other role may act in such a branch: that it was taken would tell it.

That a name holds a secret is a may-fact: it does behind a join if it does on one of the ways. What is assigned in a
branch depends on its guard, so the state also has the branches on a secret that the walk is in.

A secret is declassified in one way only, which can be searched for: a @pure function that takes `Secret[…]` and
returns a type without it. Its signature is the decision, and `accompanist check --learns` shows what is then sent.

What is not promised: that the role's own worker keeps it, which is asked with it and may answer what it likes; that a
saga's end says nothing (a role may abort on a secret, but the reason given may not read it); that the client who
starts the choreography and reads its result at that role is not told; that how often a loop turns says nothing: what
is counted in turns that a secret ends (`if secret > n: break`) is not secret. The log of the role holds the value, as
it must for replay; telemetry never holds any value.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from accompanist import limits
from accompanist.errors import catalogue
from accompanist.language.checks.types.infer import Inference, unpacked
from accompanist.language.flow.facts import May
from accompanist.language.flow.forward import Flow, Joining, Turn
from accompanist.language.flow.reports import Reports
from accompanist.language.ir import (
    Abort,
    Block,
    ChoreographyHead,
    Enter,
    Expression,
    If,
    Invoke,
    Let,
    Loop,
    Move,
    NormalForm,
    Owners,
    Return,
    Select,
    Statement,
    actors,
    walk,
)
from accompanist.language.reading import annotation
from accompanist.language.reading.names import Names
from accompanist.language.text import codes
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.nodes import children
from accompanist.language.text.source import Sources, Span
from accompanist.language.types import SECRET, UNKNOWN, WORDS, Type, reached

LEAVES = catalogue(
    "ACC170",
    "secret leaves its role",
    "What is typed Secret[T], or was computed from it, stays at the role that owns it: it is not moved, not given as "
    "the reason of an abort, and not returned as a plain result.",
    "Send what the other role needs instead: a @pure function that takes Secret[T] and returns a plain type "
    "declassifies.",
)
DECIDES = catalogue(
    "ACC171",
    "secret decides what others do",
    "Other roles act in a branch whose guard reads a secret. That the branch was taken would tell them of it.",
    "Declassify the condition with a @pure function that takes Secret[T] and returns bool, or let the others act after "
    "the branch.",
)

Env = Mapping[str, Type]


def check_secrets(
    whole: NormalForm, names: Names, header: ChoreographyHead, sources: Sources, findings: Findings
) -> None:
    """Report every secret that leaves a choreography or a procedure of it; `whole` is located, typed and amended."""
    SecrecyCheck(names, header, sources, findings).check(whole.body)
    for procedure in whole.procedures:
        SecrecyCheck(names, procedure.header, sources, findings).check(procedure.body)


def may_be_secret(
    whole: NormalForm, names: Names, header: ChoreographyHead, sources: Sources
) -> Callable[[Expression], bool]:
    """Whether a value may be secret, asked of a choreography that may still be wrong. What is found out for the answer
    is found out at the first question."""
    asked: list[SecrecyCheck] = []

    def secret(value: Expression) -> bool:
        if not asked:
            for head, body in ((header, whole.body), *((one.header, one.body) for one in whole.procedures)):
                asked.append(SecrecyCheck(names, head, sources, Findings()))
                asked[-1].check(body)
        return any(one.may_read(value) for one in asked)

    return secret


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known where the walk is. `secret`: the names that may hold something computed from a secret; `deciding`:
    the sites of the branches on a secret that it is in, so that what is assigned here is secret."""

    secret: May[str]
    types: Env
    deciding: frozenset[str] = frozenset()

    def bind(self, found: Mapping[str, Type], secret: bool) -> _Known:
        held = self.secret.adding(found) if secret or self.deciding else self.secret.without(found)
        return _Known(held, {**self.types, **found}, self.deciding)

    def join(self, other: _Known) -> _Known:
        """A name is of either type."""
        types = {**other.types, **self.types}
        for name, kind in other.types.items():
            if types[name] != kind:
                types[name] = _either(types[name], kind)
        return _Known(self.secret.join(other.secret), types, self.deciding)

    def widened(self, before: _Known, holds: Callable[[Type], bool]) -> _Known:
        """The same, where what still grows has no type. It is secret if a part of it may be."""
        grows = {name: kind for name, kind in self.types.items() if kind != before.types[name]}
        types = {**self.types, **dict.fromkeys(grows, UNKNOWN)}
        return replace(self, secret=self.secret.adding(name for name in grows if holds(grows[name])), types=types)


class SecrecyCheck(Joining[_Known]):
    """Checks one choreography."""

    def __init__(self, names: Names, header: ChoreographyHead, sources: Sources, findings: Findings) -> None:
        self._names, self._header, self._sources = names, header, sources
        self._reports = Reports(findings)
        self._infer = Inference(names, self._returns, lambda node, part, owner: None)
        self._end: _Known | None = None  # what is known at the ends, all of them together

    def check(self, body: Block) -> None:
        """Report every secret that leaves; `body` is located, typed and amended."""
        start = _Known(May(), {given.name: given.type for given in self._header.given})
        Flow(self, self._reports).block(body, start)

    def may_read(self, value: Expression) -> bool:
        """Whether an expression would read a secret if it stood at some end of what was checked."""
        return self._end is not None and self._reads(value, self._end)

    def step(self, point: Statement, now: _Known) -> tuple[Statement, _Known]:
        """The statement, and what is known behind it."""
        match point:
            case Let(targets=()):
                pass  # a condition that holds
            case Let(targets=targets, value=value, declared=declared):
                found = declared or self._infer.type_of(value.node, now.types)
                kinds = unpacked(found, len(targets)) if point.unpacked else [found]
                return point, now.bind(dict(zip(targets, kinds, strict=True)), self._reads(value, now))
            case Invoke(target=target, offer=offer, attempt=attempt) if target is not None:
                reply = Type("Outcome", WORDS, (offer.returns,)) if attempt else offer.returns
                return point, now.bind({target: reply}, False)
            case Move():
                return point, self._moved(point, now)
            case Enter(target=target, arguments=arguments, type=kind):
                for given, value in arguments:
                    if self._reads(value, now) and not self.holds(given.type):
                        self._leaves(value.span, f"is given as the plain parameter {given.name}, but it is a secret")
                return point, now if target is None else now.bind({target: kind}, False)
            case If():
                return point, self._asked(point, now)
            case Abort(reason=reason):
                if self._reads(reason, now):
                    self._leaves(reason.span, "is told to every role as the reason, but it is a secret")
                self._ended(now)
            case Return(value=value):
                plain = not value.is_none and not self.holds(self._header.returns)
                if plain and (now.deciding or self._reads(value, now)):
                    self._leaves(value.span, "is a plain result, but it depends on a secret")
                self._ended(now)
        return point, now

    def join(self, one: _Known, other: _Known) -> _Known:
        """What is known where two ways meet."""
        return one.join(other)

    def met(self, point: If, before: _Known, ways: Sequence[_Known]) -> tuple[If, _Known]:
        """What is known behind a branch, which no longer decides."""
        _, joined = super().met(point, before, ways)
        return point, replace(joined, deciding=before.deciding - {point.site})

    def turned(self, loop: Loop, turn: Turn[_Known]) -> _Known:
        """What is known where the next turn begins: of the names that are there before the loop, outside the branches
        in it. Which types a name has may grow for ever (`x = (x,)`); then it is widened."""
        after = super().turned(loop, turn)
        types = {name: kind for name, kind in after.types.items() if name in turn.entered.types}
        after = _Known(after.secret, types, turn.entered.deciding)
        return after if turn.number < limits.typing_turns_max else after.widened(turn.head, self.holds)

    def left(self, loop: Loop, turn: Turn[_Known]) -> tuple[Loop, _Known | None]:
        """What is known behind a loop."""
        _, known = super().left(loop, turn)
        return loop, None if known is None else replace(known, deciding=turn.entered.deciding)

    def _moved(self, point: Move, now: _Known) -> _Known:
        reads = self._reads(point.value, now)
        told = bool(point.receivers) and reads
        if told:
            self._leaves(point.value.span, f"is sent to {' and '.join(point.receivers)}, but it is a secret")
        if point.target is None:
            return now
        # what becomes of it where it was sent has been said with that
        return now.bind({point.target: UNKNOWN if told else point.type}, reads and not told)

    def _asked(self, point: If, now: _Known) -> _Known:
        """A branch is taken: others may not learn of it, if it reads a secret."""
        if not self._reads(point.test, now):
            return now
        decides = not (_aborts(point.then) or _aborts(point.orelse))
        sides = [block for _, block in point.branches if decides or _aborts(block)]
        others = sorted({role for block in sides for role in _concerned(block, point.site)} - point.owners)
        if others:  # what is made in the branch depends on the secret for this cause, which is said
            text = f"`{self._text(point.test.span)}` reads a secret, and {' and '.join(others)} would learn of it"
            hint = "a @pure function whose parameter is typed Secret[…], and whose result is a bool"
            self._reports.now.add(DECIDES, self._sources(point.test.span.file), point.test.span, text, hint)
        return replace(now, deciding=now.deciding | {point.site}) if decides and not others else now

    def _ended(self, now: _Known) -> None:
        self._end = now if self._end is None else self._end.join(now)

    def _reads(self, value: Expression, now: _Known) -> bool:
        """Whether an expression holds a secret or was computed from one."""
        return not value.refused and self._of(value.node, now)

    def _of(self, node: ast.AST, now: _Known) -> bool:
        """Whether an expression holds a secret or was computed from one."""
        match node:
            case ast.Name(id=name):
                return name in now.secret or self.holds(now.types.get(name, UNKNOWN))
            case ast.Attribute(value=value) if self._of(value, now):
                parts = self._infer.type_of(value, now.types).options
                known = all(self._names.messages.find(part) is not None for part in parts) and not self._tainted(
                    value, now
                )
                return self.holds(self._infer.type_of(node, now.types)) if known else True
            case ast.Call(func=ast.Name(id="isinstance"), args=[asked, _]):
                return self._of_class(asked, now)
            case ast.Call(func=ast.Name(id=alias)):
                return self._call(node, alias, now)
        return any(self._of(part, now) for part in children(node))

    def _of_class(self, node: ast.expr, now: _Known) -> bool:
        """Whether the class of a value is secret. That of a message with a secret in it is not."""
        parts = self._infer.type_of(node, now.types).options
        open = all((part.module, part.name) != SECRET and part.known for part in parts) and not self._tainted(node, now)
        return self._of(node, now) and not open

    def _tainted(self, node: ast.expr, now: _Known) -> bool:
        return any(isinstance(part, ast.Name) and part.id in now.secret for part in ast.walk(node))

    def _call(self, node: ast.Call, alias: str, now: _Known) -> bool:
        """A call of a @pure function that takes a secret as such answers what its signature says."""
        arguments: list[tuple[str | int, ast.expr]] = [*enumerate(node.args)]
        arguments += [(keyword.arg or "", keyword.value) for keyword in node.keywords]
        secret = [where for where, value in arguments if self._of(value, now)]
        pair = self._names.table.get(alias)
        signature = None if pair is None else self._signature(*pair)
        if signature is None:
            return bool(secret)
        takes, returns = signature
        by_name = dict(takes)
        for where in secret:
            kind = (
                takes[where][1] if isinstance(where, int) and where < len(takes) else by_name.get(str(where), UNKNOWN)
            )
            if not self.holds(kind):
                return True
        return self.holds(returns)

    def holds(self, kind: Type) -> bool:
        """Whether a type is a secret or has one in it."""
        return any((one.module, one.name) == SECRET for one in reached(kind, self._parts))

    def _parts(self, kind: Type) -> list[Type]:
        message = self._names.messages.find(kind)
        return [*kind.arguments, *(field for _, field in (message.fields if message else ()))]

    def _signature(self, module: str, name: str) -> tuple[list[tuple[str, Type]], Type] | None:
        """Parameters and result of a @pure function; None for a class."""
        home = self._names.modules.find(module)
        node = home.bound[name][-1] if home is not None and name in home.bound else None
        if home is None or not isinstance(node, ast.FunctionDef):
            return None

        def kind(written: ast.expr | None) -> Type:
            try:
                return UNKNOWN if written is None else annotation.type_of(self._names.modules, home, written)
            except annotation.Unresolved:
                return UNKNOWN

        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        return [(one.arg, kind(one.annotation)) for one in arguments], kind(node.returns)

    def _returns(self, module: str, name: str) -> Type | None:
        signature = self._signature(module, name)
        return None if signature is None else signature[1]

    def _leaves(self, span: Span, what: str) -> None:
        self._reports.now.add(LEAVES, self._sources(span.file), span, f"{self._text(span)} {what}", codes.DECLASSIFY)

    def _text(self, span: Span) -> str:
        return self._sources(span.file).text(span)


def _either(one: Type, other: Type) -> Type:
    """What is of one type or of the other. Unlike in `types.union` a part that is not known leaves the others: one of
    them may be a secret."""
    parts = tuple(dict.fromkeys((*one.options, *other.options)))
    return parts[0] if len(parts) == 1 else Type("|", "", parts)


def _concerned(block: Block, site: str) -> Owners:
    """The roles that act in a side of the branch at `site`, or are told of it."""
    told = (point for point in walk(block) if isinstance(point, Select) and point.site == site)
    return actors(block) | {point.receiver for point in told}


def _aborts(block: Block) -> bool:
    """Whether every path through a block aborts. Then all roles see which way was taken, and that is not protected."""
    match block[-1:]:
        case (Abort(),):
            return True
        case (If(then=then, orelse=orelse),):
            return _aborts(then) and _aborts(orelse)
    return False
