"""A choreography in normal form, and the program of one role, as words of the proof's core (`docs/proofs/Acc.v`).

Both are put into tail form: what follows a branch is written behind each of its sides, as the proof has it. A name, an
expression or a site becomes a number, the same wherever it stands.

What the core does not have is refused (`NotInCore`): procedures.
"""

from __future__ import annotations

import ast
from collections.abc import Hashable, Iterable

from accompanist.language import ir
from accompanist.language.ir import Block, ChoreographyHead, Expression
from accompanist.language.projection import local
from accompanist.language.projection.local import LocalBlock, LocalStatement
from tests.model.projection.live import EVERYTHING, Following

RESULT = "result"
words_max = 4_000


class NotInCore(Exception):
    """The proof does not cover it, and says so."""


class TooLong(Exception):
    """In tail form it has more than `words_max` words."""


class Numbers:
    """The numbers of names, expressions and sites of one choreography."""

    def __init__(self) -> None:
        self._known: dict[Hashable, int] = {}

    def of(self, *what: Hashable) -> str:
        return str(self._known.setdefault(what, len(self._known)))


class Translation:
    """One choreography and its local programs."""

    def __init__(self, header: ChoreographyHead, following: Following) -> None:
        self._following = following
        self._there = frozenset(header.roles)
        self._roles = {role: str(number) for number, role in enumerate(header.roles)}
        self._numbers, self._count = Numbers(), 0

    def choreography(self, block: Block) -> str:
        """A line for the proved projector. Raises NotInCore, TooLong."""
        self._count = 0
        return f"{len(self._roles)} {' '.join(self._block(block))}"

    def program(self, block: LocalBlock) -> tuple[str, ...]:
        """A role's program. Raises NotInCore, TooLong."""
        self._count = 0
        return tuple(self._local(block))

    def _words(self, *words: str) -> list[str]:
        self._count += len(words)
        if self._count > words_max:
            raise TooLong
        return list(words)

    def _who(self, roles: Iterable[str]) -> list[str]:
        found = sorted(self._roles[role] for role in roles)
        return [str(len(found)), *found]

    def _value(self, value: Expression | None) -> str:
        return "-1" if value is None else self._numbers.of("value", value)

    def _bound(self, targets: tuple[str, ...], unpacked: bool) -> str:
        return self._numbers.of("bound", targets, unpacked)

    def _call(self, arguments: tuple[tuple[str, Expression], ...]) -> str:
        return self._numbers.of("arguments", arguments)

    # -- choreographies ------------------------------------------------------------------------------

    def _block(self, block: Block) -> list[str]:
        if not block:
            return self._words("end")
        point, rest = block[0], block[1:]
        match point:
            case ir.If(then=then, orelse=orelse, owners=owners, test=test):
                head = self._words("if", *self._who(owners), self._value(test))
                return head + self._block((*then, *rest)) + self._block((*orelse, *rest))
            case ir.Loop(site=site, body=body):
                who = [role for role in self._roles if self._following(point, role, EVERYTHING, ir.NOBODY)]
                head = self._words("loop", self._numbers.of(site), *self._who(who))
                return head + self._turn(body, frozenset(who)) + self._block(rest)
            case ir.Again():
                return self._words("again")
            case ir.Leave():
                return self._words("leave")
            case ir.Abort(site=site, role=role, reason=reason):
                return self._words("abort", self._roles[role], self._numbers.of("abort", site, reason))
            case ir.Return(value=value, owners=owners):
                return self._return(value, owners & self._there)
        return self._straight(point) + self._block(rest)

    def _turn(self, body: Block, who: frozenset[str]) -> list[str]:
        """A loop's body. What those compute in it who do not follow it, they do not need."""
        outer, self._there = self._there, who
        made = self._block(body)
        self._there = outer
        return made

    def _return(self, value: Expression, owners: Iterable[str]) -> list[str]:
        if value.is_none:
            return self._words("end")
        return self._words("let", *self._who(owners), self._numbers.of(RESULT), self._value(value), "end")

    def _straight(self, point: ir.Statement) -> list[str]:
        match point:
            case ir.Let(targets=targets, value=value, owners=owners, unpacked=unpacked):
                known = self._words(
                    "let", *self._who(owners & self._there), self._bound(targets, unpacked), self._value(value)
                )
                return known if targets else []
            case ir.Invoke(site=site, role=role, offer=offer, arguments=arguments, attempt=attempt, target=target):
                made = self._numbers.of("call", offer.name, attempt)
                given = (self._roles[role], made, self._call(arguments), self._numbers.of("answer", target))
                return self._words("act", self._numbers.of(site), *given)
            case ir.Select(site=site, sender=sender, receiver=receiver, label=label):
                told = (self._roles[sender], "-1", self._numbers.of("label", label), self._roles[receiver], "-1")
                return self._words("msg", self._numbers.of(site), *told)
            case ir.Move():
                return self._move(point)
        raise NotInCore(type(point).__name__)

    def _move(self, point: ir.Move) -> list[str]:
        """A message to each receiver; whoever else has the value from now on computes it itself."""
        made: list[str] = []
        for receiver in point.receivers:
            carried = point.carried(receiver)
            site = point.site if carried is None else carried.site
            label = "-1" if carried is None else self._numbers.of("label", carried.label)
            bound = self._numbers.of("taken", point.target, point.type)
            sent = (self._roles[point.sender], self._value(point.value), label, self._roles[receiver], bound)
            made += self._words("msg", self._numbers.of(site), *sent)
        kept = (point.owners & self._there) - set(point.receivers)
        if point.target is not None and kept and not is_name(point.value, point.target):
            bound = self._bound((point.target,), False)
            made += self._words("let", *self._who(kept), bound, self._value(point.value))
        return made

    # -- local programs ------------------------------------------------------------------------------

    def _local(self, block: LocalBlock) -> list[str]:
        if not block:
            return self._words("end")
        point, rest = block[0], block[1:]
        match point:
            case local.Fork(test=test, then=then, orelse=orelse):
                head = self._words("if", self._value(test))
                return head + self._local((*then, *rest)) + self._local((*orelse, *rest))
            case local.Offering(site=site, sender=sender, arms=arms):
                place = (self._numbers.of(site), self._roles[sender])
                made: list[str] = []
                for arm in sorted(arms, key=lambda arm: int(self._numbers.of("label", arm.label))):
                    taken = "-1" if arm.type is None else self._numbers.of("taken", arm.target, arm.type)
                    made += self._words("arm", *place, self._numbers.of("label", arm.label), taken)
                    made += self._local((*arm.body, *rest))
                return made + self._words("no", *place)
            case local.Repeating(site=site, body=body):
                return self._words("loop", self._numbers.of(site)) + self._local(body) + self._local(rest)
            case local.Again():
                return self._words("again")
            case local.Leaving():
                return self._words("leave")
            case local.Ending(value=None):
                return self._words("end")
            case local.Ending(value=value):
                return self._words("let", self._numbers.of(RESULT), self._value(value), "end")
            case local.Aborting(site=site, reason=reason):
                return self._words("abort", self._numbers.of("abort", site, reason))
            case local.Stop():
                return self._words("stop")
        return self._step(point) + self._local(rest)

    def _step(self, point: LocalStatement) -> list[str]:
        number = self._numbers.of
        match point:
            case local.Local(targets=targets, value=value, unpacked=unpacked):
                return self._words("let", self._bound(targets, unpacked), self._value(value))
            case local.Calling(site=site, target=target, offer=offer, arguments=arguments, attempt=attempt):
                given = (self._call(arguments), number("answer", target))
                return self._words("act", number(site), number("call", offer.name, attempt), *given)
            case local.Sending(site=site, to=to, value=value):
                return self._words("send", number(site), self._roles[to], self._value(value), "-1")
            case local.Choosing(site=site, to=to, label=label, value=value):
                chosen = (self._value(value), number("label", label))
                return self._words("send", number(site), self._roles[to], *chosen)
            case local.Receiving(site=site, sender=sender, target=target, type=kind):
                return self._words("recv", number(site), self._roles[sender], number("taken", target, kind))
        raise NotInCore(type(point).__name__)


def is_name(value: Expression, name: str) -> bool:
    """Whether a value is what a name holds already."""
    return isinstance(value.node, ast.Name) and value.node.id == name
