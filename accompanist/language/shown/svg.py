"""A picture as SVG: one file, no script, no font, no link, readable on a light and on a dark page.

Every text passes `_text`, since names and reasons are anybody's. Colours are variables that follow the reader's scheme;
the drawing brings its own paper, so it is readable also where a page has the other scheme. Each shape is a group with
`data-site`, `data-line` and a class, for whoever lays a session's state over it.
"""

from __future__ import annotations

import unicodedata
from html import escape

from accompanist.language.shown import layout as sheet
from accompanist.language.shown.layout import Sheet
from accompanist.language.shown.shapes import Act, Arrow, FrameShape, Mark, Picture, Shape, Shapes, Visit

_STYLE = """
svg{--paper:#ffffff;--edge:#d5dae1;--ink:#1d2530;--soft:#667384;--life:#b9c2cd;--head:#eef2f7;--act:#e7f0fe;
--act-edge:#4c86d9;--pivot:#fff0cf;--pivot-edge:#c98a00;--choice:#7a4fd0;--choice-paper:#f1eafd;--frame:#f6f8fa;
--bad:#c4373a;--bad-paper:#fdecec;--good:#22863a;--good-paper:#e8f6ec}
@media (prefers-color-scheme:dark){svg{--paper:#12171e;--edge:#313a46;--ink:#e3e9f1;--soft:#94a1b2;--life:#46505d;
--head:#1e2631;--act:#16294a;--act-edge:#5b95ea;--pivot:#3a2c0b;--pivot-edge:#e0a526;--choice:#b494f5;
--choice-paper:#2a2142;--frame:#171d26;--bad:#f27b7d;--bad-paper:#3b1a1d;--good:#5cc979;--good-paper:#153021}}
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:var(--ink)}
.name,.role{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;font-weight:600}
.name{font-size:16px}.role{font-size:14px}.small{font-size:11px;fill:var(--soft)}
.mid{text-anchor:middle}.halo{paint-order:stroke;stroke:var(--paper);stroke-width:4px;stroke-linejoin:round}
.paper{fill:var(--paper);stroke:var(--edge)}.head{fill:var(--head);stroke:var(--edge)}
.life{stroke:var(--life);stroke-width:1.5}.wire{stroke:var(--ink);stroke-width:1.4;fill:none}
.tip{fill:var(--ink)}.bare .wire{stroke:var(--choice);stroke-dasharray:5 4}.bare .tip{fill:var(--choice)}
.pill{fill:var(--choice-paper);stroke:var(--choice)}.told{font-size:11px;fill:var(--choice);font-weight:600}
.act rect{fill:var(--act);stroke:var(--act-edge)}.query rect,.drawn rect{fill:var(--paper);stroke-dasharray:4 3}
.visit rect{fill:var(--head);stroke:var(--soft);stroke-width:1.5}
.pivot rect,.commit rect{fill:var(--pivot);stroke:var(--pivot-edge);stroke-width:2.2}
.pivot .small,.commit .small{fill:var(--pivot-edge)}
.frame{fill:var(--frame);fill-opacity:.55;stroke:var(--life)}.tab{fill:var(--head);stroke:var(--life)}
.kind{font-size:11px;font-weight:700}.split{stroke:var(--life);stroke-dasharray:6 5}
.start rect{fill:var(--head);stroke:var(--edge)}.result rect{fill:var(--good-paper);stroke:var(--good)}
.abort rect{fill:var(--bad-paper);stroke:var(--bad)}.result .small{fill:var(--good)}.abort .small{fill:var(--bad)}
""".strip()


def svg(picture: Picture) -> str:
    """The picture as one SVG document."""
    return _Drawing(Sheet(picture)).document()


class _Drawing:
    """One drawing; `_y` is how far down it has come. What is drawn later lies over what was drawn before."""

    def __init__(self, measures: Sheet) -> None:
        self._sheet, self._picture = measures, measures.picture
        self._frames: list[str] = []
        self._shapes: list[str] = []
        self._y = sheet.top

    def document(self) -> str:
        self._block(self._picture.shapes, 0)
        foot = self._y + 4
        wide, high = round(self._sheet.width), round(foot + 22)
        told = f"Sequence diagram of the choreography {self._picture.name}"
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" '
                f'role="img" aria-label="{_text(told)}">',
                f"<title>{_text(told)}</title>",
                f"<style>{_STYLE}</style>",
                f'<rect class="paper" x=".5" y=".5" width="{wide - 1}" height="{high - 1}" rx="12"/>',
                f'<text class="name" x="{sheet.margin:g}" y="34">{_text(self._picture.name)}</text>',
                *self._frames,
                *self._lanes(foot),
                *self._shapes,
                "</svg>",
                "",
            ]
        )

    def _lanes(self, foot: float) -> list[str]:
        made = []
        for lane, head in zip(self._picture.lanes, self._sheet.heads, strict=True):
            x = self._sheet.x(lane.role)
            made += [
                f'<g data-role="{_text(lane.role)}">',
                _line("life", x, 52 + sheet.head_height, x, foot),
                _rect("head", x - head / 2, 52, head, sheet.head_height, 8),
                f'<text class="role mid" x="{x:g}" y="72">{_text(lane.role)}</text>',
                f'<text class="small mid" x="{x:g}" y="88">{_text(lane.role_class)}</text>',
                "</g>",
            ]
        return made

    def _block(self, shapes: Shapes, depth: int) -> None:
        for shape in shapes:
            self._shape(shape, depth)

    def _shape(self, shape: Shape, depth: int) -> None:
        match shape:
            case Arrow():
                self._arrow(shape)
            case Act():
                self._act(shape)
            case Mark():
                self._mark(shape)
            case Visit():
                self._visit(shape)
            case FrameShape():
                self._frame(shape, depth)

    def _arrow(self, arrow: Arrow) -> None:
        start, end = self._sheet.x(arrow.sender), self._sheet.x(arrow.receiver)
        y = self._y + sheet.arrow_height - 12
        way = 1 if end > start else -1
        tip = f"{end:g},{y:g} {end - way * 9:g},{y - 4.5:g} {end - way * 9:g},{y + 4.5:g}"
        x = (start + end) / 2 - sheet.label(arrow) / 2
        words: list[str] = []
        base = y - 8 if not arrow.bare else y + 4
        if arrow.choice:
            wide = sheet.pill(arrow.choice)
            words += [
                _rect("pill", x, base - 12, wide, 16, 8),
                f'<text class="told mid" x="{x + wide / 2:g}" y="{base:g}">{_text(arrow.choice)}</text>',
            ]
            x += wide + 6
        if not arrow.bare:
            kind = f'<tspan class="small"> {_text(arrow.type)}</tspan>' if arrow.type else ""
            words.append(f'<text class="halo" x="{x:g}" y="{base:g}">{_text(arrow.text)}{kind}</text>')
        wire = [_line("wire", start, y, end - way * 6, y), f'<polygon class="tip" points="{tip}"/>']
        self._group("arrow bare" if arrow.bare else "arrow", arrow.site, arrow.line, [*wire, *words])
        self._y += sheet.arrow_height

    def _act(self, act: Act) -> None:
        x, y = self._sheet.x(act.role), self._y + 4
        wide, high = sheet.box(act)
        words = [f'<text class="mid" x="{x:g}" y="{y + 18:g}">{_text(act.text)}</text>']
        for number, note in enumerate(act.notes):
            below = y + 18 + (number + 1) * sheet.note_height - 1
            words.append(f'<text class="small mid" x="{x:g}" y="{below:g}">{_text(note)}</text>')
        self._group(f"act {act.kind}", act.site, act.line, [_rect("", x - wide / 2, y, wide, high, 6), *words])
        self._y += high + sheet.gap

    def _mark(self, mark: Mark) -> None:
        x, y, wide = self._sheet.x(mark.role), self._y + 4, sheet.sign(mark)
        left = x - wide / 2
        words = [
            f'<text class="small" x="{left + 14:g}" y="{y + 17:g}">{_text(mark.kind)}</text>',
            f'<text x="{left + 26 + sheet.width(mark.kind, sheet.small):g}" y="{y + 17:g}">{_text(mark.text)}</text>',
        ]
        self._group(mark.kind, mark.site, mark.line, [_rect("", left, y, wide, 26, 13), *words])
        self._y += sheet.mark_height

    def _visit(self, visit: Visit) -> None:
        first, last = self._sheet.x(visit.roles[0]), self._sheet.x(visit.roles[-1])
        reach = sheet.overhang if len(visit.roles) > 1 else sheet.width(visit.text) / 2 + 13
        left, wide, y = first - reach, last - first + 2 * reach, self._y + 4
        text = f'<text class="mid" x="{(first + last) / 2:g}" y="{y + 18:g}">{_text(visit.text)}</text>'
        box = _rect("", left, y, wide, sheet.act_height, 2)
        self._group("visit", visit.site, visit.line, [box, text])
        self._y += sheet.act_height + sheet.gap

    def _frame(self, frame: FrameShape, depth: int) -> None:
        left = 14 + depth * sheet.inset
        wide, begun = self._sheet.width - 2 * left, self._y + 2
        here = len(self._frames)
        for number, section in enumerate(frame.sections):
            title, known = sheet.heading(frame, number)
            if number:
                self._shapes.append(_line("split", left, self._y + 2, left + wide, self._y + 2))
            tab = sheet.width(frame.kind, sheet.small) + 22 if number == 0 else 0.0
            x, y = left + tab + 12, self._y + 19
            note = f'<tspan class="small" dx="14">{_text(known)}</tspan>' if known else ""
            self._shapes.append(f'<text class="halo" x="{x:g}" y="{y:g}">[{_text(title)}]{note}</text>')
            self._y += sheet.title_height
            self._block(section.shapes, depth + 1)
        high = self._y - begun
        tab = sheet.width(frame.kind, sheet.small) + 22
        self._frames.insert(here, _rect("frame", left, begun, wide, high, 8))
        self._shapes += [
            f'<path class="tab" d="M{left:g} {begun + 8:g}a8 8 0 0 1 8-8h{tab - 8:g}v16l-6 8h-{tab - 6:g}z"/>',
            f'<text class="kind" x="{left + 10:g}" y="{begun + 16:g}">{_text(frame.kind)}</text>',
        ]
        self._y += sheet.gap

    def _group(self, kind: str, site: str, line: int, parts: list[str]) -> None:
        place = f' data-site="{_text(site)}"' if site else ""
        self._shapes.append(f'<g class="{kind}"{place} data-line="{line}">{"".join(parts)}</g>')


def _rect(kind: str, x: float, y: float, width: float, height: float, radius: float) -> str:
    named = f'class="{kind}" ' if kind else ""
    return f'<rect {named}x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"/>'


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'


def _text(text: str) -> str:
    """A text as XML: escaped, and without characters that XML forbids or that turn a line around."""
    shown = "".join("\ufffd" if unicodedata.category(one).startswith("C") else one for one in text)
    return escape(shown, quote=True)
