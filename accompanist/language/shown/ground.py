"""What an old version stands on that its service's log does not keep: the worker that is deployed.

The log keeps a version's program with its message types and @pure functions, and a session in flight runs on those. The
worker is another process, deployed with other classes: so an operation has to be offered as the old program calls it,
and what its parameters and its reply are made of has to be what it was.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from accompanist.language.program.fingerprint import Definitions, Pair
from accompanist.language.program.program import Choreography
from accompanist.language.reading.messages import MessageClass, Messages
from accompanist.language.reading.modules import Modules
from accompanist.language.reading.roles import Offer, RoleClass, RoleClasses
from accompanist.language.text.diagnostic import Findings
from accompanist.language.text.source import Read
from accompanist.language.types import Type

_NAME = re.compile(r"[^\W\d]\w*")


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

    def differences(self, pair: Pair, later: Ground, moved: Moved) -> Iterator[str]:
        """What a later version made of a definition, in words; nothing if it is what it was."""
        module, name = pair
        if self.modules.find(module) is None:
            return  # outside the project: nothing is known of it
        there = (moved.module(pair, later), name)
        if not later.defines(there):
            yield f"{name} is gone from {there[0]}"
            return
        if self.text(pair) == later.text(there):
            return
        old, new = self.messages.find(Type(name, module)), later.messages.find(Type(name, there[0]))
        said = list(_fields(name, old, new, lambda type: moved.type(type, later))) if old and new else []
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


@dataclass(frozen=True, slots=True)
class Moved:
    """Where the later version has what the earlier one had in a module: the file may have moved, with what stands
    beside it, since a fingerprint does not say where. `old` and `new` are the modules of the choreography."""

    old: str
    new: str

    @property
    def back(self) -> Moved:
        return Moved(self.new, self.old)

    def module(self, pair: Pair, later: Ground) -> str:
        """The module in which the later version defines it; the same one where it does so nowhere else."""
        moved = self._moved(pair[0])
        there = later.modules.find(moved)
        found = there.bound.get(pair[1], ()) if there is not None else ()
        defined = any(not isinstance(one, (ast.Import, ast.ImportFrom)) for one in found)
        return moved if defined else pair[0]

    def type(self, type: Type, later: Ground) -> Type:
        """The type as the later version calls it."""
        inside = type.module in ("", "literal", "parameter")
        module = type.module if inside else self.module((type.module, type.name), later)
        return Type(type.name, module, tuple(self.type(one, later) for one in type.arguments))

    def _moved(self, name: str) -> str:
        if name == self.old:
            return self.new
        old, new = self.old.split("."), self.new.split(".")
        while old and new and old[-1] == new[-1]:
            old, new = old[:-1], new[:-1]
        if len(old) == len(self.old.split(".")):  # the file has another name now, and its neighbours have not
            old, new = old[:-1], new[:-1]
        parts = name.split(".")
        return ".".join([*new, *parts[len(old) :]]) if parts[: len(old)] == old else name


def calls(choreography: Choreography, role: str, operation: str) -> bool:
    """Whether a role's projection calls an operation, or may have it undone."""
    projection = choreography.projections[role]
    undone = {one.name for one in projection.operations.values() if one.compensation == operation}
    return any(f'"{name}"' in projection.source for name in (operation, *undone))


def _fields(name: str, old: MessageClass, new: MessageClass, moved: Callable[[Type], Type]) -> Iterator[str]:
    before, after = {field: moved(kind) for field, kind in old.fields}, dict(new.fields)
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


def misfits(wanted: Mapping[str, Offer], there: RoleClass | None, moved: Callable[[Type], Type]) -> Iterator[str]:
    """Which of the operations that are called a role's class does not offer as they are called. `moved`: what `there`
    calls a type."""
    for name, offer in sorted(wanted.items()):
        found = there.offer(name) if there is not None else None
        parameters = tuple((parameter, moved(type)) for parameter, type in offer.parameters)
        if found is None:
            yield f"{name} is not offered"
        elif found.parameters != parameters or found.returns != moved(offer.returns):
            yield f"{name} takes or gives something else"
        elif offer.compensation and found.compensation != offer.compensation:
            yield f"{name} is not undone by {offer.compensation} there"
