"""What an old version stands on that its service's log does not keep: the worker that is deployed.

The log keeps a version's program with its message types and @pure functions, and a session in flight runs on those. The
worker is another process, deployed with other classes: so an operation has to be offered as the old program calls it,
and what its parameters and its reply are made of has to be what it was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from accompanist.language.diagnostic import Findings
from accompanist.language.fingerprint import Definitions
from accompanist.language.messages import MessageClass, Messages
from accompanist.language.modules import Modules
from accompanist.language.program import Choreography
from accompanist.language.roles import Offer, RoleClass, RoleClasses
from accompanist.language.source import Read
from accompanist.language.types import Type

_NAME = re.compile(r"[^\W\d]\w*")

Pair = tuple[str, str]
"""(module, name) of a definition."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The definitions of one version of a project."""

    modules: Modules
    messages: Messages

    @classmethod
    def of(cls, root: str, read: Read) -> Ground:
        modules = Modules(root, read)
        return cls(modules, Messages(modules))

    def under(self, choreography: Choreography, role: str) -> tuple[Pair, ...]:
        """The definitions that cross to a role's worker: those in the types of the operations that it calls."""
        projection = choreography.projections[role]
        called = [one for one in projection.operations.values() if calls(choreography, role, one.name)]
        texts = [text for one in called for text in (*one.parameters.values(), one.returns)]
        named = {name for text in texts for name in _NAME.findall(text)}
        return tuple(sorted({pair for alias, pair in choreography.names.items() if alias in named}))

    def differences(self, pair: Pair, later: Ground) -> Iterator[str]:
        """What a later version made of a definition, in words; nothing if it is what it was."""
        module, name = pair
        if self.modules.find(module) is None:
            return  # outside the project: nothing is known of it
        if not later.defines(pair):
            yield f"{name} is gone from {module}"
            return
        if self.text(pair) == later.text(pair):
            return
        old, new = self.messages.find(Type(name, module)), later.messages.find(Type(name, module))
        said = list(_fields(name, old, new)) if old and new else []
        yield from said or [f"{name} has changed in {module}, or what it uses has"]

    def defines(self, pair: Pair) -> bool:
        module = self.modules.find(pair[0])
        return module is not None and pair[1] in module.bound

    def text(self, pair: Pair) -> list[str]:
        """A definition and all that it rests on, in canonical form."""
        return Definitions(self.modules, self.messages).under([pair])

    def role_class(self, module: str, name: str) -> RoleClass | None:
        """A role's class as this version declares it."""
        return RoleClasses(self.modules, self.messages, Findings()).find(Type(name, module))


def calls(choreography: Choreography, role: str, operation: str) -> bool:
    """Whether a role's projection calls an operation, or may have it undone."""
    projection = choreography.projections[role]
    undone = {one.name for one in projection.operations.values() if one.compensation == operation}
    return any(f'"{name}"' in projection.source for name in (operation, *undone))


def _fields(name: str, old: MessageClass, new: MessageClass) -> Iterator[str]:
    before, after = dict(old.fields), dict(new.fields)
    for field, kind in before.items():
        if field not in after:
            yield f"{name} has lost its field {field}"
        elif after[field] != kind:
            yield f"{name}.{field} was {kind.text()} and is {after[field].text()}"
    yield from (f"{name} has a new field {field}" for field in after if field not in before)
    for member in old.members:
        if member not in new.members:
            yield f"{name} has lost its member {member}"
    yield from (f"{name} has a new member {member}" for member in new.members if member not in old.members)


def misfits(wanted: Mapping[str, Offer], there: RoleClass | None) -> Iterator[str]:
    """Which of the operations that are called a role's class does not offer as they are called."""
    for name, offer in sorted(wanted.items()):
        found = there.offer(name) if there is not None else None
        if found is None:
            yield f"{name} is not offered"
        elif found.parameters != offer.parameters or found.returns != offer.returns:
            yield f"{name} takes or gives something else"
        elif offer.compensation and found.compensation != offer.compensation:
            yield f"{name} is not undone by {offer.compensation} there"
