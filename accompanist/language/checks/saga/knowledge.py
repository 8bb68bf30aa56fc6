"""What the saga check knows where its walk has come to.

Facts are of two kinds, and the type of each says which it is (`flow.facts`). A may-fact is larger where ways join: what
may have been done unknown to a role, the pivots that may have happened. A must-fact holds behind a join if it holds on
each of the ways.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from accompanist.language.flow.facts import May, MayOf, Must
from accompanist.language.ir import Move, Owners, Select
from accompanist.language.program.operations import chosen_at
from accompanist.language.text.source import Span


@dataclass(frozen=True, slots=True)
class Done:
    """Something that has been done: `what` in the author's words; `fails` if it might have failed."""

    site: str
    role: str
    what: str
    span: Span
    fails: bool
    recorded: bool = False
    may: str = ""
    """What may happen to it, where it is no call."""
    instead: str = ""
    """What to write instead then, where it stands."""
    why: str = ""
    """Why it may happen."""

    @property
    def binds(self) -> str:
        """Why nothing may fail after it, if it is a commit point."""
        return "commits the saga" if self.recorded else "cannot be undone"


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What holds where a walk has come to, on all ways there.

    `unknown`: what may have been done without the role's knowing. `pivots`: the commit points that may have been
    passed. `certain`: whether one has certainly been passed, whichever it is.
    """

    unknown: MayOf[str, Done]
    pivots: May[Done]
    certain: Must[Literal["committed"]]

    @classmethod
    def nothing(cls, roles: Iterable[str]) -> Knowledge:
        """Where a saga begins."""
        return cls(MayOf(dict.fromkeys(roles, frozenset())), May(), Must())

    @property
    def committed(self) -> bool:
        return "committed" in self.certain

    def does(self, done: Done, known: Owners) -> Knowledge:
        unknown = {role: left if role in known else left | {done} for role, left in self.unknown.of.items()}
        return Knowledge(MayOf(unknown), self.pivots, self.certain)

    def tells(self, sender: str, receiver: str) -> Knowledge:
        return replace(self, unknown=self.unknown.giving(receiver, self.unknown[receiver] & self.unknown[sender]))

    def passes(self, pivot: Done) -> Knowledge:
        """A commit point is passed. Of a second one it has been said that it is too much."""
        return replace(self, pivots=self.pivots or May(frozenset({pivot})), certain=self.certain.adding(("committed",)))

    def join(self, other: Knowledge) -> Knowledge:
        return Knowledge(
            self.unknown.join(other.unknown), self.pivots.join(other.pivots), self.certain.join(other.certain)
        )


def steps_of(point: Move | Select, role: str) -> Iterator[str]:
    """The sites at which a role sends or takes it. A selection has one for each label, and where it rides on a message
    it is sent and taken with that, under the site of its branch."""
    if isinstance(point, Select):
        yield chosen_at(point.site, point.label)
        return
    yield point.site
    for carried in point.carries:
        if role in (point.sender, carried.receiver):
            yield chosen_at(carried.site, carried.label)
