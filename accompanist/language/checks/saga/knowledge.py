"""What the saga check knows where its walk has come to.

Facts are of two kinds, and each says which it is. A may-fact is larger where ways join: what may have been done unknown
to a role, the pivots that may have happened. A must-fact holds behind a join if it holds on each of the ways.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

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
    passed. Both are larger where ways join. `committed`: that one has certainly been passed. It holds behind a join if
    it holds on each of the ways, and where no way leads.
    """

    unknown: Mapping[str, frozenset[Done]]
    pivots: frozenset[Done] = frozenset()
    committed: bool = False

    def does(self, done: Done, known: Owners) -> Knowledge:
        return replace(
            self, unknown={role: left if role in known else left | {done} for role, left in self.unknown.items()}
        )

    def tells(self, sender: str, receiver: str) -> Knowledge:
        return replace(self, unknown={**self.unknown, receiver: self.unknown[receiver] & self.unknown[sender]})

    def join(self, other: Knowledge) -> Knowledge:
        unknown = {role: left | other.unknown[role] for role, left in self.unknown.items()}
        return Knowledge(unknown, self.pivots | other.pivots, self.committed and other.committed)


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
