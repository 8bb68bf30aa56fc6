"""Compares the compiler's projection of random choreographies with the proved one.

Each of these is by design, and is evened out:

- A name that a role does not need is left out of its program by the compiler: `live` switches that off.
- The arms of a branch that a role is told stand in the order in which they were merged: here in that of their labels.
- A role that nothing has reached yet may stay out of a branch. In the proof every role is there from the beginning, so
  the choreographies reach every role with their first lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.language.test_random_programs import HEAD, Author, compile_text, program
from tests.model import extracted
from tests.model.projection.live import ALL, Following, LiveAmender, LiveProjector, decided
from tests.model.projection.translate import NotInCore, TooLong, Translation

Words = tuple[str, ...]
_SHAPES = {
    "arm": (5, 2),
    "no": (3, 0),
    "send": (5, 1),
    "recv": (4, 1),
    "act": (5, 1),
    "let": (3, 1),
    "if": (2, 2),
    "loop": (2, 2),
    "abort": (2, 0),
}
"""Of each kind of statement: its words, and how many programs follow. Any other is one word, and ends."""


class CoreAuthor(Author):
    """Writes no procedures: what it calls does not call itself, and becomes part of the choreography."""

    def _enter(self, depth: int, role: str, owned: dict[str, set[str]], reached: set[str]) -> None:
        y, z = self._others(role)
        self._called(depth, (role, y, z), self._mine(role, owned), owned, reached)


@dataclass(frozen=True, slots=True)
class Sample:
    """One choreography: its line for the proved projector, and the compiler's program of each role."""

    source: str
    line: str
    programs: tuple[Words, ...]


@dataclass(slots=True)
class Comparison:
    """`differing`: what is wrong, in words; `skipped`: how many choreographies were not compared, by reason."""

    compared: int = 0
    words: int = 0
    differing: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def sample(seed: int) -> Sample:
    """Raises NotInCore, TooLong."""
    author = CoreAuthor(seed, {"a", "b", "c"})
    author.body()
    source = program(HEAD, author)
    choreography, shown = compile_text(source)
    assert choreography is not None and choreography.header is not None, shown
    header = choreography.header
    following = Following(header, choreography.amended)
    with decided(following):
        amended = LiveAmender(header).amend(choreography.normal)
        projectors = (LiveProjector(header, role) for role in header.roles)
        found = [one.project(amended, ALL, frozenset({header.initiator}))[0] for one in projectors]
    translation = Translation(header, following)
    line = translation.choreography(amended)
    return Sample(source, line, tuple(map(translation.program, found)))


def compare(program: Path, seeds: Sequence[int]) -> Comparison:
    """Each of these random choreographies, projected twice."""
    told, samples = Comparison(), []
    for seed in seeds:
        try:
            samples.append(sample(seed))
        except NotInCore as reason:
            told.skipped[str(reason)] += 1
        except TooLong:
            told.skipped["too long in tail form"] += 1
    lines = extracted.answers(program, [one.line for one in samples])
    for one, said in zip(samples, lines, strict=True):
        told.compared += 1
        told.words += len(one.line.split())
        told.differing += differences(one, said)
    return told


def differences(one: Sample, said: str) -> Iterator[str]:
    """What the proved projector says otherwise."""
    well_formed, *programs = (tuple(part.split()) for part in said.split(";"))
    if well_formed != ("1",):
        yield f"not well-formed:\n{one.source}"
    for role, (own, other) in enumerate(zip(one.programs, programs, strict=True)):
        if other == ("-",):
            yield f"no program for role {role}:\n{one.source}"
        elif sorted_arms(other) != own:
            yield f"role {role}:\n{one.source}\ncompiler {' '.join(own)}\nproof    {' '.join(sorted_arms(other))}"


def sorted_arms(words: Words) -> Words:
    """A program with the arms of each branch in the order of their labels."""
    made, rest = _program(words)
    assert not rest, rest
    return made


def _program(words: Words) -> tuple[Words, Words]:
    """One program, and what is left of the words."""
    if words[0] == "arm":
        return _arms(words)
    width, bodies = _SHAPES.get(words[0], (1, 0))
    head, rest = words[:width], words[width:]
    for _ in range(bodies):
        body, rest = _program(rest)
        head += body
    return head, rest


def _arms(words: Words) -> tuple[Words, Words]:
    arms: list[tuple[int, Words]] = []
    while words[0] == "arm":
        head, rest = words[:5], words[5:]
        body, words = _program(rest)
        arms.append((int(head[3]), head + body))
    end, rest = _program(words)
    return tuple(word for _, arm in sorted(arms) for word in arm) + end, rest
