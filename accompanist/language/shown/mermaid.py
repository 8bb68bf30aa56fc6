"""A picture as Mermaid's sequence diagram, and as plain text for a terminal.

Mermaid reads its own punctuation inside labels: `;` and `#` and line ends cut a line, `end` closes a block, `<` opens
HTML. Names and reasons are the author's, who may be anybody, so every character but letters, digits and a few harmless
signs is written as Mermaid's numeric entity, and roles are addressed by number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from accompanist.language.shown.shapes import Act, Arrow, FrameShape, Mark, Picture, Section, Shape, Visit

_PLAIN = frozenset(" _.,()=+-/'[]|!?*")
_WORDS = re.compile(r"\bend\b", re.IGNORECASE)
"""`end` closes a block wherever it stands, so its first letter is written as an entity."""

_GLYPH = {
    "pivot": "◆",
    "transaction": "●",
    "retriable": "↻",
    "query": "○",
    "drawn": "○",
    "wait": "◷",
    "commit": "◆",
}
_MARK = {"start": "starts with", "result": "returns", "abort": "aborts:"}


def mermaid(picture: Picture) -> str:
    """The picture as text for Mermaid."""
    ids = {lane.role: f"r{number}" for number, lane in enumerate(picture.lanes)}
    lines = ["sequenceDiagram", f"    accTitle: {escape(picture.name)}"]
    for lane in picture.lanes:
        lines.append(f"    participant {ids[lane.role]} as {escape(lane.role)}")
    for shape in picture.shapes:
        lines += [f"    {line}" for line in _mermaid(shape, ids)]
    return "\n".join(lines)


def _mermaid(shape: Shape, ids: dict[str, str]) -> Iterator[str]:
    match shape:
        case Arrow(sender=sender, receiver=receiver, text=text):
            told = f" [{escape(shape.choice)}]" if shape.choice and not shape.bare else ""
            arrow = "-->>" if shape.bare else "->>"
            yield f"{ids[sender]}{arrow}{ids[receiver]}: {escape(text)}{told}"
        case Act(role=role, text=text):
            yield f"{ids[role]}->>{ids[role]}: {escape(text)}"
            if shape.notes:
                yield f"Note over {ids[role]}: {'<br/>'.join(escape(note) for note in shape.notes)}"
        case Mark(role=role, text=text, kind=kind):
            said = "aborts#58;" if kind == "abort" else _MARK[kind]
            yield f"Note over {ids[role]}: {said} {escape(text)}".rstrip()
        case Visit(roles=roles, text=text):
            yield f"Note over {_over(roles, ids)}: goes through {escape(text)}"
        case FrameShape(kind="def", sections=(procedure,)):  # Mermaid has no frame for it
            yield f"Note over {_over(tuple(ids), ids)}: {escape(procedure.title)} is#58;"
            for inner in procedure.shapes:
                yield from _mermaid(inner, ids)
        case FrameShape(kind="loop", sections=(turn, *ends)):  # Mermaid's loops have one section
            yield from _section(f"loop {escape(turn.title)}", turn, ids)
            yield "end"
            for inner in (inner for end in ends for inner in end.shapes):
                yield from _mermaid(inner, ids)
        case FrameShape(kind=kind, sections=sections):
            for number, section in enumerate(sections):
                yield from _section(f"{'else' if number else kind} {escape(section.title)}", section, ids)
            yield "end"


def _over(roles: tuple[str, ...], ids: dict[str, str]) -> str:
    """The lanes that a note spans, from the first to the last."""
    spanned = [ids[role] for role in roles]
    return spanned[0] if len(spanned) == 1 else f"{spanned[0]},{spanned[-1]}"


def _section(head: str, section: Section, ids: dict[str, str]) -> Iterator[str]:
    yield head.rstrip()
    for inner in section.shapes:
        yield from (f"    {line}" for line in _mermaid(inner, ids))


def escape(text: str) -> str:
    """A text that Mermaid takes for nothing but text."""
    made = "".join(
        letter
        if letter in _PLAIN or letter.isalnum()
        else " "
        if unicodedata.category(letter).startswith(("C", "Z"))
        else f"#{ord(letter)};"
        for letter in text
    )
    return _WORDS.sub(lambda found: f"#{ord(found.group()[0])};{found.group()[1:]}", made)


def plain(picture: Picture) -> str:
    """The picture for a terminal: one line a shape, indented by its frame."""
    width = max(len(lane.role) for lane in picture.lanes)
    head = f"{picture.name}: {', '.join(f'{lane.role} ({lane.role_class})' for lane in picture.lanes)}"
    return "\n".join([head, "", *(line for shape in picture.shapes for line in _plain(shape, width))])


def _plain(shape: Shape, width: int) -> Iterator[str]:
    match shape:
        case Arrow(sender=sender, receiver=receiver):
            told = f"tells: {shape.choice}" if shape.bare else f"{shape.text}: {shape.type}"
            rides = f"  [tells: {shape.choice}]" if shape.choice and not shape.bare else ""
            line = "┄┄▷" if shape.bare else "──▶"
            yield _shown(f"{sender:>{width}} {line} {receiver:<{width}}  {told}{rides}")
        case Act(role=role, text=text, kind=kind):
            notes = f"  ({'; '.join(shape.notes)})" if shape.notes else ""
            yield _shown(f"{role:>{width}} {_GLYPH[kind]} {text}{notes}")
        case Mark(role=role, text=text, kind=kind):
            yield _shown(f"{role:>{width}} {_MARK[kind]} {text}")
        case Visit(roles=roles, text=text):
            yield _shown(f"{', '.join(roles)} ⟳ {text}")
        case FrameShape(kind=kind, sections=sections):
            for number, section in enumerate(sections):
                known = "" if number or not shape.known_to else f"  (known to {', '.join(shape.known_to)})"
                head = kind if number == 0 else "" if kind == "loop" else "else"
                title = f"{head} {section.title}".strip() + known
                yield _shown(f"{'├' if number else '┌'}─ {title}")
                for inner in section.shapes:
                    yield from (f"│ {line}" for line in _plain(inner, width))
            yield "└─"


def _shown(text: str) -> str:
    """Without what would move a terminal's cursor or turn its text around."""
    return "".join("�" if unicodedata.category(letter).startswith("C") else letter for letter in text)
