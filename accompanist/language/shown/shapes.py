"""What a picture of a choreography is made of: a tree of few shapes, in the order in which they are drawn.

Each shape that is a point of the choreography keeps its site and line: whoever knows the state of a session can lay it
over the picture.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lane:
    """One role, from top to bottom."""

    role: str
    role_class: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """A message. `choice` is the label it tells; `bare` if it carries nothing else."""

    site: str
    line: int
    sender: str
    receiver: str
    text: str
    type: str = ""
    choice: str = ""
    bare: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """A worker's operation, or what is asked of none. `kind`: pivot, transaction, retriable or query; wait, for time
    and events; drawn, for what a role asks its own clock or chance; commit, for the record that commits the saga.
    `undo` is its compensation."""

    site: str
    line: int
    role: str
    text: str
    kind: str
    undo: str = ""
    attempted: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known of it beside its name, in words."""
        found = {
            "pivot": "pivot: commits the saga",
            "retriable": "retried until it succeeds",
            "query": "query",
            "drawn": "recorded",
            "commit": "recorded: commits the saga",
            "wait": "waits, and which was first is recorded" if self.attempted else "waits",
        }
        said = [found[self.kind]] if self.kind in found else []
        said += ["a refusal is a value"] if self.attempted and self.kind != "wait" else []
        said += [f"undone by {self.undo}"] if self.undo else []
        return tuple(said)


@dataclass(frozen=True, slots=True)
class Mark:
    """The beginning or the end of a path at a role. `kind`: start, result or abort."""

    line: int
    role: str
    text: str
    kind: str
    site: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A procedure that is gone through here by `roles`; its own frame stands below."""

    site: str
    line: int
    roles: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """One way through a frame, under its condition; without a title, what happens otherwise."""

    title: str
    shapes: Shapes


@dataclass(frozen=True, slots=True)
class FrameShape:
    """A fork or a repetition, as UML names it: alt, opt, loop; or a procedure: def. `known_to`: who can tell the
    sections apart by themselves."""

    kind: str
    site: str
    line: int
    known_to: tuple[str, ...]
    sections: tuple[Section, ...]


Shape = Arrow | Act | Mark | Visit | FrameShape
Shapes = tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """A choreography, ready to be drawn."""

    name: str
    lanes: tuple[Lane, ...]
    shapes: Shapes
