"""A choreography with its selections as the rules of the saga check see it: steps, messages, branches and loops.

It is put into tail form: what follows a branch is written behind each of its sides. So the rules follow each path by
itself, and may accept what the compiler refuses where ways meet; never should they refuse what it accepts.

What they do not have is refused (`NotInCore`): procedures. Left out is what makes the rules ask for less: expressions
that may raise, and loops that a role turns by itself.
"""

from __future__ import annotations

from accompanist.language import ir
from accompanist.language.checks.saga.aborts import Aborts
from accompanist.language.ir import NOBODY, Block, ChoreographyHead, Owners, parties
from accompanist.language.refusal import may_fail
from tests.model.projection.translate import NotInCore, Numbers, TooLong, words_max


class Skeleton:
    """One choreography."""

    def __init__(self, header: ChoreographyHead) -> None:
        self._roles = {role: str(number) for number, role in enumerate(header.roles)}
        self._numbers, self._aborts, self._count = Numbers(), Aborts(()), 0
        self._there: Owners = frozenset(header.roles)  # who goes through the loops around

    def line(self, block: Block) -> str:
        """A line for the rules. Raises NotInCore, TooLong."""
        return f"{len(self._roles)} {' '.join(self._block(block))}"

    def _words(self, *words: str) -> list[str]:
        self._count += len(words)
        if self._count > words_max:
            raise TooLong
        return list(words)

    def _does(self, site: str, kind: str, roles: Owners) -> list[str]:
        who = sorted(self._roles[role] for role in roles)
        return self._words("do", self._numbers.of(site), kind, str(len(who)), *who)

    def _block(self, block: Block) -> list[str]:
        if not block:
            return self._words("fin")
        point, rest = block[0], block[1:]
        match point:
            case ir.If():
                return self._words("choice") + self._side(point, 0, rest) + self._side(point, 1, rest)
            case ir.Loop(body=body):
                return self._words("turns") + self._turn(point, body) + self._block(rest)
            case ir.Again():
                return self._words("again")
            case ir.Leave():
                return self._words("leave")
            case ir.Abort(site=site, role=role):
                return self._does(site, "fails", frozenset({role})) + self._words("fin")
            case ir.Return():
                return self._words("fin")
            case ir.Enter():
                raise NotInCore("procedures")
        return self._straight(point) + self._block(rest)

    def _side(self, point: ir.If, side: int, rest: Block) -> list[str]:
        """One side, in which the aborts of the other one did not happen."""
        blocks = (point.then, point.orelse)
        made: list[str] = []
        for aborted in self._aborts.news(blocks[side], blocks[1 - side]).values():
            made += self._does(aborted.site, "fails", (point.owners & self._there) | {aborted.role})
        return made + self._block((*blocks[side], *rest))

    def _turn(self, loop: ir.Loop, body: Block) -> list[str]:
        outer, self._there = self._there, self._there & parties(loop, NOBODY)
        made = self._block(body)
        self._there = outer
        return made

    def _straight(self, point: ir.Statement) -> list[str]:
        match point:
            case ir.Invoke(site=site, role=role, offer=offer, attempt=attempt):
                fails = "fails" if may_fail(offer, attempt) else "safe"
                kind = "commits" if offer.pivot else "final" if offer.irrevocable else fails
                return self._does(site, kind, frozenset({role}))
            case ir.Move(sender=sender, receivers=receivers):
                told = [self._words("tell", self._roles[sender], self._roles[receiver]) for receiver in receivers]
                return [word for words in told for word in words]
            case ir.Select(sender=sender, receiver=receiver):
                return self._words("tell", self._roles[sender], self._roles[receiver])
        return []
