"""Pictures: every message, operation and end of a choreography is in them once, and no name breaks out of its label."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from accompanist.language.ir import Invoke, Move, Select, walk
from accompanist.language.program.program import Choreography
from accompanist.language.shown.diagram import picture
from accompanist.language.shown.mermaid import mermaid, plain
from accompanist.language.shown.shapes import Act, Arrow, FrameShape, Mark, Picture, Shape, Shapes, Visit
from accompanist.language.shown.svg import svg
from tests.language.programs import MUST_PASS, ROOT, compile_file, must_pass, read, text

SVG = "{http://www.w3.org/2000/svg}"
DRAWN = {"svg", "title", "style", "rect", "text", "tspan", "line", "path", "polygon", "g"}
MERMAID = re.compile(
    r"sequenceDiagram|accTitle: .*|participant r\d+ as .+|r\d+-?->>r\d+: .+|Note over r\d+(,r\d+)?: .+"
    r"|(alt|opt|else|loop)( .+)?|end"
)

HOSTILE = """
from accompanist import At, Role, choreography, com, transaction

class Ünïcode(Role):
    @transaction
    def end(self, text: str) -> str: ...
    @end.compensation
    def undo(self, text: str) -> None: ...

@choreography
def alt(participant: Ünïcode, note: Ünïcode, text: At[str, "note"]) -> At[str, "note"]:
    if text == "</text><script>alert('1')</script>; end %% #quot; --> \\u202e \\x00 :::":
        note.abort("<b>&amp;]]></b> \\n end\\nparticipant x ; alt # é 漢字漢字")
    else:
        answer = participant.end(com(text + "<!--" + "a" * 9 + "-->;", to=participant))
    return com(answer, to=note)
"""


def shapes(drawn: Shapes) -> Iterator[Shape]:
    for shape in drawn:
        yield shape
        for section in shape.sections if isinstance(shape, FrameShape) else ():
            yield from shapes(section.shapes)


def order_saga() -> Choreography:
    (choreography,) = compile_file(
        str(ROOT / "workers/orders/choreography.py"), root=str(ROOT), read=read
    ).choreographies
    return choreography


def hostile() -> Picture:
    result = text(HOSTILE)
    assert result.ok, [found.text for found in result.diagnostics]
    return picture(result.choreographies[0])


@pytest.mark.parametrize("name", MUST_PASS)
def test_every_message_and_every_call_is_in_the_picture(name: str) -> None:
    choreography, _ = must_pass(name)
    amended = list(walk(choreography.everything))
    drawn = list(shapes(picture(choreography).shapes))
    moves = [(point.site, receiver) for point in amended if isinstance(point, Move) for receiver in point.receivers]
    told = [(point.site, point.receiver) for point in amended if isinstance(point, Select)]
    arrows = [shape for shape in drawn if isinstance(shape, Arrow)]
    assert sorted((one.site, one.receiver) for one in arrows if not one.bare) == sorted(moves)
    assert sorted((one.site, one.receiver) for one in arrows if one.bare) == sorted(told)
    calls = [point.site for point in amended if isinstance(point, Invoke)]
    assert sorted(one.site for one in drawn if isinstance(one, Act)) == sorted(calls)


@pytest.mark.parametrize("name", MUST_PASS)
def test_every_choreography_can_be_drawn(name: str) -> None:
    made = picture(must_pass(name)[0])
    well_formed(svg(made))
    assert all(MERMAID.fullmatch(line.strip()) for line in mermaid(made).splitlines())
    assert len(plain(made).splitlines()) > 2


def well_formed(document: str) -> ElementTree.Element:
    root = ElementTree.fromstring(document)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= DRAWN
    return root


def test_the_order_saga_reads_as_it_is_written() -> None:
    shown = plain(picture(order_saga()))
    assert [line.strip("│ ") for line in shown.splitlines()[2:]] == [
        "warehouse starts with order: Order",
        "warehouse ● reserve(order)  (undone by release)",
        "┌─ alt reservation.total_cents > LARGE_ORDER_CENTS  (known to warehouse)",
        "warehouse ──▶ loyalty    reservation.customer: str  [tells: then]",
        "loyalty ○ tier(reservation.customer)  (query)",
        "warehouse ──▶ payment    reservation: Reservation  [tells: then]",
        "loyalty ──▶ payment    tier: Tier",
        "payment ● charge(reservation, tier)  (undone by refund)",
        "├─ else",
        "warehouse ┄┄▷ loyalty    tells: else",
        "warehouse ──▶ payment    reservation: Reservation  [tells: else]",
        "payment ● charge(reservation, Tier.NONE)  (undone by refund)",
        "└─",
        "payment ──▶ loyalty    receipt: Receipt",
        "loyalty ● award(receipt)  (undone by revoke)",
        "loyalty ──▶ warehouse  points: Points",
        "warehouse ◆ ship(reservation, points)  (pivot: commits the saga)",
        "warehouse returns Parcel",
    ]


def test_the_picture_in_the_readme_is_that_of_the_program() -> None:
    """Draw it again with the command that stands beside it there."""
    assert (ROOT / "docs" / "order-saga.svg").read_text() == svg(picture(order_saga()))


def test_mermaid_tells_selections_from_data() -> None:
    lines = [line.strip() for line in mermaid(picture(order_saga())).splitlines()]
    assert "r0->>r1: reservation [else]" in lines
    assert "r0-->>r2: else" in lines
    assert "Note over r0: pivot#58; commits the saga" in lines


def test_the_shapes_of_an_svg_know_their_sites() -> None:
    root = well_formed(svg(picture(order_saga())))
    (pivot,) = [group for group in root.iter(f"{SVG}g") if group.get("class") == "act pivot"]
    assert pivot.get("data-site") == "13"


def loops(name: str) -> list[FrameShape]:
    drawn = shapes(picture(must_pass(name)[0]).shapes)
    return [shape for shape in drawn if isinstance(shape, FrameShape) and shape.kind == "loop"]


def test_a_loop_says_what_it_goes_over_and_who_knows() -> None:
    (loop,) = loops("for_each")
    assert [section.title for section in loop.sections] == ["for name in names", "at its end"]
    assert loop.known_to == ("stock",)
    assert [one.sections[0].title for one in loops("break_continue")] == ["for order in orders", "until len(found) > 6"]
    assert loops("while_retry")[0].sections[0].title == "while number == '' and tries < 4"


def test_a_loop_whose_length_is_shared_tells_nobody() -> None:
    (loop,) = loops("for_shared_length")
    assert loop.known_to == ("stock", "bank") and len(loop.sections) == 1


def test_names_that_the_compiler_made_are_not_shown() -> None:
    for name in MUST_PASS:
        assert not re.search(r"(?<![\w\"'])_\d", plain(picture(must_pass(name)[0]))), name


RECURSIVE = """
from accompanist import At, Role, choreography, com, query

class Desk(Role):
    @query
    def ask(self, number: int) -> int: ...

@choreography
def fall(one: Desk, two: Desk, number: At[int, "one"]) -> At[int, "one"]:
    if number < 1:
        return one.ask(number)
    return com(fall(two, one, com(number - 1, to=two)), to=one)
"""


def test_a_procedure_is_drawn_once_for_each_way_its_roles_are_given() -> None:
    drawn = picture(text(RECURSIVE).choreographies[0])
    titles = [one.sections[0].title for one in drawn.shapes if isinstance(one, FrameShape) and one.kind == "def"]
    assert titles == ["fall 1(number)", "fall 2(number)"]
    assert {one.text.partition("(")[0] for one in shapes(drawn.shapes) if isinstance(one, Visit)} == {
        "fall 1",
        "fall 2",
    }
    well_formed(svg(drawn))
    assert all(MERMAID.fullmatch(line.strip()) for line in mermaid(drawn).splitlines())


def test_ends_are_marked() -> None:
    drawn = [shape for shape in shapes(picture(must_pass("abort_in_branch")[0]).shapes) if isinstance(shape, Mark)]
    assert {"start", "abort", "result"} >= {shape.kind for shape in drawn} >= {"start", "abort"}


def test_no_name_breaks_out_of_an_svg() -> None:
    document = svg(hostile())
    root = well_formed(document)
    assert not any(letter in document for letter in ("\u202e", "\x00", "<script", "]]>", "<!--"))
    assert any("</text><script>" in (element.text or "") for element in root.iter())


def test_no_name_breaks_out_of_mermaid() -> None:
    for line in mermaid(hostile()).splitlines():
        assert MERMAID.fullmatch(line.strip()), line
        left = re.sub(r"#\d+;|<br/>|-?->>", "", line)
        assert not set(left) & set(';#<>%&"\u202e\x00'), line
        assert line.strip() == "end" or not re.search(r"\bend\b", left), line


def test_no_name_moves_the_cursor() -> None:
    assert not any(letter in plain(hostile()) for letter in ("\u202e", "\x00", "\x1b"))
