"""The measures of a drawn picture: how wide its lanes have to stand apart, and how far down each shape reaches.

Widths are counted, not measured: labels are set in a monospaced face, a letter is 0.6 of its size wide and an East
Asian one twice that. So the drawing needs no font to be laid out, and is the same wherever it is made.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from accompanist.language.shown.shapes import Act, Arrow, FrameShape, Mark, Picture, Shape, Shapes, Visit

letter = 7.2  # of a label, 12 px high
small = 6.6  # of a note, 11 px high
margin = 28.0
top = 112.0  # where the first shape begins, under the heads
inset = 12.0  # of a frame in a frame
arrow_height, mark_height, act_height, note_height = 44.0, 40.0, 28.0, 17.0
title_height, gap = 34.0, 16.0
narrowest, head_height = 132.0, 46.0
overhang = 48.0  # how far a visit's box reaches beyond its first and its last lane


def width(text: str, size: float = letter) -> float:
    """How wide a text is drawn."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text) * size


def pill(choice: str) -> float:
    """How wide a branch's label is drawn, with its border."""
    return width(choice, small) + 14


def label(arrow: Arrow) -> float:
    """How wide all that stands on an arrow is."""
    told = pill(arrow.choice) + 6 if arrow.choice else 0
    return told if arrow.bare else told + width(arrow.text) + (width(f" {arrow.type}", small) if arrow.type else 0)


def box(act: Act) -> tuple[float, float]:
    """Width and height of an operation's box."""
    wide = max([width(act.text), *(width(note, small) for note in act.notes)])
    return wide + 26, act_height + len(act.notes) * note_height


def sign(mark: Mark) -> float:
    """How wide the sign of a beginning or an end is."""
    return width(mark.text) + width(mark.kind, small) + 40


def heading(frame: FrameShape, number: int) -> tuple[str, str]:
    """What stands over a section of a frame: its condition, and in the first one who knows it."""
    title = frame.sections[number].title
    return title or "otherwise", f"known to {', '.join(frame.known_to)}" if number == 0 and frame.known_to else ""


class Sheet:
    """Where everything of one picture stands across."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.depth = _depth(picture.shapes)
        self._order = {lane.role: number for number, lane in enumerate(picture.lanes)}
        self.heads = [
            max(narrowest - 24, width(lane.role, 8) + 28, width(lane.role_class, small) + 28) for lane in picture.lanes
        ]
        half = self._halves()
        gaps = self._gaps(half)
        side = margin + self.depth * inset
        self.lanes = [side + half[0]]
        for between in gaps:
            self.lanes.append(self.lanes[-1] + between)
        needed = max([0.0, *(_titled(frame) for frame in _frames(picture.shapes))]) + 2 * margin
        self.width = max(self.lanes[-1] + half[-1] + side, needed + 2 * self.depth * inset, width(picture.name, 9) + 80)

    def x(self, role: str) -> float:
        """Where a role's lane stands."""
        return self.lanes[self._order[role]]

    def _halves(self) -> list[float]:
        """How far each lane's own shapes reach to either side."""
        half = [head / 2 for head in self.heads]
        for shape in _all(self.picture.shapes):
            if isinstance(shape, Visit):
                for at in {self._order[shape.roles[0]], self._order[shape.roles[-1]]}:
                    half[at] = max(half[at], overhang if len(shape.roles) > 1 else width(shape.text) / 2 + 13)
            if isinstance(shape, (Act, Mark)):
                wide = box(shape)[0] if isinstance(shape, Act) else sign(shape)
                at = self._order[shape.role]
                half[at] = max(half[at], wide / 2)
        return half

    def _gaps(self, half: list[float]) -> list[float]:
        """The distances between lanes: each shape clear of the next lane, each label as long as its arrow."""
        pairs = list(pairwise(half))
        heads = [(one + other) / 2 for one, other in pairwise(self.heads)]
        gaps = [max(narrowest, max(pair) + 18, apart + 20) for pair, apart in zip(pairs, heads, strict=True)]
        wide = [shape for shape in _all(self.picture.shapes) if isinstance(shape, (Arrow, Visit))]
        for first, last, needed in sorted(map(self._span, wide), key=lambda span: span[1] - span[0]):
            lacking = needed - sum(gaps[first:last])
            for at in range(first, last) if lacking > 0 else ():
                gaps[at] += lacking / (last - first)
        return gaps

    def _span(self, shape: Arrow | Visit) -> tuple[int, int, float]:
        """The first and the last lane that something wide touches, and how far apart they have to be."""
        if isinstance(shape, Arrow):
            first, last = sorted((self._order[shape.sender], self._order[shape.receiver]))
            return first, last, label(shape) + 44
        touched = [self._order[role] for role in shape.roles]
        return min(touched), max(touched), width(shape.text) + 26 - 2 * overhang


def _titled(frame: FrameShape) -> float:
    headings = [heading(frame, number) for number in range(len(frame.sections))]
    return max(width(title) + width(known, small) for title, known in headings) + 100


def _all(shapes: Shapes) -> Iterator[Shape]:
    for shape in shapes:
        yield shape
        for section in shape.sections if isinstance(shape, FrameShape) else ():
            yield from _all(section.shapes)


def _frames(shapes: Shapes) -> Iterator[FrameShape]:
    return (shape for shape in _all(shapes) if isinstance(shape, FrameShape))


def _depth(shapes: Shapes) -> int:
    inside = [
        1 + max(_depth(section.shapes) for section in shape.sections)
        for shape in shapes
        if isinstance(shape, FrameShape)
    ]
    return max(inside, default=0)
